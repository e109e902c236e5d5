using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Dapper;
using Npgsql;
using SecondOpinion.Bench.Eligibility;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Bench.Ledger;

/// <summary>
/// Months of delivered opinions over 60 insurers and 350 physicians. The opinions are written as their booking leaves them; invoices and fees are asked for at
/// the service's own door.
/// </summary>
internal sealed class Months(RunningBilling system, Figures figures)
{
    private const int Physicians = 350;
    private readonly Guid[] _physicians = [.. Enumerable.Range(0, Physicians).Select(_ => Guid.CreateVersion7())];
    private DateOnly _month = FirstOf(FrenchTime.Day(TimeProvider.System.GetUtcNow())).AddMonths(-6);
    private long _opinions;

    public IReadOnlyList<Guid> Insurers { get; private set; } = [];

    public async Task Prepare()
    {
        var insurers = new List<Guid>();
        for (var i = 0; i < 60; i++)
        {
            insurers.Add(await system.AddInsurer($"9930{i:0000}"));
        }

        Insurers = insurers;
        await using var db = new NpgsqlConnection(system.ConnectionString);
        await db.ExecuteAsync(
            """
            insert into payee_version (physician_id, version, holder, iban, bic, siret, street, post_code, city, changed_by, changed_at)
            select p, 1, 'Dr EXEMPLE', 'FR7630006000011234567890189', '', '', '', '', '', 'bench', now() from unnest(@_physicians) p
            """, new { _physicians });
    }

    /// <summary>Invoices a month and orders its fees; every cent of it must have moved.</summary>
    public async Task Close(int opinions, string name)
    {
        await Fill(opinions);
        var month = _month.ToString("yyyy-MM", CultureInfo.InvariantCulture);
        var invoices = await Timed($"invoices_{name}_s", $"/api/v1/invoices/runs/{month}");
        Must(invoices.GetProperty("issued").GetInt32() == Insurers.Count, $"one invoice an insurer, not {invoices.GetProperty("issued")}");
        Must(invoices.GetProperty("total").GetProperty("amount").GetString() == $"{opinions * 295}.00", "each opinion on one invoice");
        var fees = await Timed($"fees_{name}_s", $"/api/v1/fees/runs/{month}");
        Must(fees.GetProperty("ordered").GetInt32() == Physicians, "one transfer a physician");
        figures.Add($"month_{name}_us_per_opinion", (figures[$"invoices_{name}_s"] + figures[$"fees_{name}_s"]) / opinions * 1e6);
        _month = _month.AddMonths(1);
        _opinions += opinions;
    }

    /// <summary>What an accountant asks for, over all of it.</summary>
    public async Task Books()
    {
        var balance = await Timed("trial_balance_s", "/api/v1/ledger/trial-balance", HttpMethod.Get);
        Must(balance.GetProperty("difference").GetProperty("amount").GetString() == "0.00", "the trial balance is zero");
        var watch = Stopwatch.StartNew();
        using var fec = await system.Http.GetAsync($"/api/v1/ledger/fec/{_month.Year}", HttpCompletionOption.ResponseHeadersRead);
        await using var body = await fec.EnsureSuccessStatusCode().Content.ReadAsStreamAsync();
        using var reader = new StreamReader(body);
        var lines = 0L;
        while (await reader.ReadLineAsync() is not null)
        {
            lines++;
        }

        Must(lines > _opinions * 4, $"the tax file has every line, not {lines}");
        figures.Add("fec_lines", lines);
        figures.Add("fec_s", watch.Elapsed.TotalSeconds);
    }

    /// <summary>Cover and delivery of cases, as reservations and messages leave them.</summary>
    /// <param name="booked">Their entries are written, too.</param>
    public static Task Reserve(
        NpgsqlConnection db, Guid[] cases, IReadOnlyList<Guid> insurers, Guid[] physicians, DateTimeOffset at, bool booked) => db.ExecuteAsync(
        """
        insert into coverage (case_id, insurer_id, contract, contract_version, roster_version, person_id, family_id, year, state, engagement_number,
          reserved_at, expires_at)
        select c.id, c.insurer, 1, 1, 1, gen_random_uuid(), gen_random_uuid(), extract(year from @at)::smallint,
          case when @booked then 'confirmed' else 'reserved' end, 'E' || c.id, @at, @at + interval '90 days'
        from unnest(@cases, @insurers) c (id, insurer);
        insert into delivered_opinion (case_id, opinion_id, physician_id, delivered_at, booked_at)
        select id, gen_random_uuid(), physician, @at, case when @booked then @at end from unnest(@cases, @physicians) o (id, physician);
        """,
        new
        {
            cases,
            at,
            booked,
            insurers = cases.Select((_, i) => insurers[i % insurers.Count]).ToArray(),
            physicians = cases.Select((_, i) => physicians[i % physicians.Length]).ToArray(),
        }, commandTimeout: 300);

    private static DateOnly FirstOf(DateOnly day) => new(day.Year, day.Month, 1);

    private static void Must(bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"The figures would be worth nothing: {what}.");
        }
    }

    /// <summary>Without the triggers: they are measured elsewhere, and what is written here is what they have let through.</summary>
    private async Task Fill(int opinions)
    {
        var cases = Enumerable.Range(0, opinions).Select(_ => Guid.CreateVersion7()).ToArray();
        await using var db = new NpgsqlConnection(system.ConnectionString);
        await db.OpenAsync();
        await db.ExecuteAsync("set session_replication_role = replica");
        await Reserve(db, cases, Insurers, _physicians, FrenchTime.Midnight(_month.AddDays(14)), booked: true);
        await db.ExecuteAsync(
            """
            insert into ledger_account (id, name, kind, party_id)
            select gen_random_uuid(), format('%s %s', a.kind, a.party), a.kind, a.party
            from (
              select distinct 'payable' as kind, physician_id as party from delivered_opinion where case_id = any(@cases)
              union select distinct 'receivable', insurer_id from coverage where case_id = any(@cases)
              union values ('cost', null::uuid), ('revenue', null::uuid)) a
            on conflict do nothing;
            insert into ledger_transaction (id, business_key, case_id, description, booked_at)
            select case_id, 'opinion:' || case_id, case_id, 'Second opinion delivered', booked_at from delivered_opinion where case_id = any(@cases);
            insert into ledger_line (transaction_id, line, account_id, amount_cents)
            select d.case_id, l.line, a.id, l.cents
            from delivered_opinion d
            join coverage c on c.case_id = d.case_id
            cross join lateral (values
              (1, 'payable', d.physician_id, -12000), (2, 'cost', null, 12000), (3, 'receivable', c.insurer_id, 29500), (4, 'revenue', null, -29500)
            ) l (line, kind, party, cents)
            join ledger_account a on a.kind = l.kind and a.party_id is not distinct from l.party
            where d.case_id = any(@cases);
            insert into to_invoice (case_id, insurer_id, cents, delivered_at)
            select d.case_id, c.insurer_id, 29500, d.delivered_at
            from delivered_opinion d
            join coverage c on c.case_id = d.case_id
            where d.case_id = any(@cases);
            insert into fee (case_id, physician_id, cents, delivered_at, state)
            select case_id, physician_id, 12000, delivered_at, 'due' from delivered_opinion where case_id = any(@cases);
            """, new { cases }, commandTimeout: 300);
        // As autovacuum does in the course of a month.
        await db.ExecuteAsync("vacuum analyze", commandTimeout: 300);
    }

    private async Task<JsonElement> Timed(string figure, string path, HttpMethod? method = null)
    {
        var watch = Stopwatch.StartNew();
        using var request = new HttpRequestMessage(method ?? HttpMethod.Put, path);
        using var answer = await system.Http.SendAsync(request);
        var body = await answer.Content.ReadAsStringAsync();
        Must(answer.IsSuccessStatusCode, $"{path}: {(int)answer.StatusCode} {body}");
        figures.Add(figure, watch.Elapsed.TotalSeconds);
        return JsonDocument.Parse(body).RootElement;
    }
}
