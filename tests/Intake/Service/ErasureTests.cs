using System.Net;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.Intake.Rights;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Intake.Service;

/// <summary>What is forgotten is forgotten, what must be kept is kept, and both at their time.</summary>
public sealed class ErasureTests : IAsyncLifetime
{
    /// <summary>Proofs that the law asks for, and what is pruned within a day.</summary>
    private static readonly string[] Proofs = ["audit_record", "consent", "confirmation", "idempotency", "outbox"];
    private readonly IntakeFixture _intake = new();

    public ValueTask InitializeAsync() => _intake.InitializeAsync();

    public ValueTask DisposeAsync() => _intake.DisposeAsync();

    [Fact]
    public async Task A_withdrawn_case_is_erased_on_demand_and_nothing_leads_from_it_to_anybody()
    {
        var account = Guid.CreateVersion7();
        var patient = _intake.Patient(account);
        var id = await patient.Assigned();
        var other = await patient.Complete();
        (await patient.Post($"/api/v1/cases/{id}/withdraw")).EnsureSuccessStatusCode();
        var files = Files();

        (await patient.Post($"/api/v1/cases/{id}/erasure")).StatusCode.ShouldBe(HttpStatusCode.OK);

        (await _intake.Service.Broker.Next<CaseErased>(e => e.CaseId == id)).Reason.ShouldBe("patient");
        foreach (var path in (string[])["", "/accesses", "/answers", "/export", "/opinion"])
        {
            (await patient.Http.GetAsync($"/api/v1/cases/{id}{path}")).StatusCode.ShouldBe(HttpStatusCode.NotFound, path);
        }

        (await patient.Post($"/api/v1/cases/{id}/erasure")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await _intake.Sql<long>("select count(*) from case_key where case_id = @id", new { id })).ShouldBe(0);
        (await _intake.Sql<long>("select count(*) from document where case_id = @id", new { id })).ShouldBe(0);
        Files().ShouldBeLessThan(files);
        // The other case and its files are whole.
        (await patient.Case(other)).GetProperty("state").GetString().ShouldBe("complete");
        Files().ShouldBeGreaterThan(0);
        // Of what was told and is kept for a restored broker, the erasure alone.
        await Eventually.True(
            async () => await _intake.Sql<string>(
                "select string_agg(message_type, ' ') from outbox_sent where aggregate_id = @id", new { id }) == typeof(CaseErased).FullName,
            "nothing that was told before is kept");
        (await RowsOf(id)).ShouldAllBe(row => !row.Contains(account.ToString()) && !row.Contains("endometriose") && !row.Contains("189999998"));
    }

    [Fact]
    public async Task A_download_at_the_moment_of_the_erasure_is_whole_or_absent_and_never_a_500()
    {
        for (var round = 0; round < 10; round++)
        {
            var patient = _intake.Patient();
            var id = await patient.Complete();
            (await patient.Post($"/api/v1/cases/{id}/withdraw")).EnsureSuccessStatusCode();
            var path = $"/api/v1/cases/{id}/documents/{(await patient.Case(id)).GetProperty("documents")[0].GetProperty("documentId").GetGuid()}";
            var whole = await patient.Http.GetByteArrayAsync(path);
            var reads = Enumerable.Range(0, 24).Select(_ => Task.Run(async () =>
            {
                using var answer = await patient.Http.GetAsync(path);
                return (answer.StatusCode, Bytes: await answer.Content.ReadAsByteArrayAsync());
            })).ToList();
            (await patient.Post($"/api/v1/cases/{id}/erasure")).StatusCode.ShouldBe(HttpStatusCode.OK);
            foreach (var (status, bytes) in await Task.WhenAll(reads))
            {
                (status == HttpStatusCode.NotFound || status == HttpStatusCode.OK && bytes.SequenceEqual(whole)).ShouldBeTrue($"{status}");
            }
        }
    }

    [Fact]
    public async Task What_is_under_way_is_withdrawn_first_and_a_medical_record_is_kept_until_the_day_that_is_told()
    {
        var patient = _intake.Patient();
        var draft = await patient.Open();
        var refusal = await patient.Post($"/api/v1/cases/{draft}/erasure");
        (await Journey.Problem(refusal)).ShouldBe((409, "INT-0001", null));

        var delivered = await Delivered(patient);
        refusal = await patient.Post($"/api/v1/cases/{delivered}/erasure");
        var body = await Journey.Json(refusal);
        (refusal.StatusCode, body.GetProperty("code").GetString()).ShouldBe((HttpStatusCode.Conflict, "INT-0048"));
        DateOnly.Parse(body.GetProperty("keptUntil").GetString()!, null).Year.ShouldBe(_intake.Time.GetUtcNow().Year + 20);
        (await _intake.Patient().Post($"/api/v1/cases/{delivered}/erasure")).StatusCode.ShouldBe(HttpStatusCode.NotFound, "somebody else's");
        (await patient.Case(delivered)).GetProperty("state").GetString().ShouldBe("delivered");
    }

    [Fact]
    public async Task A_record_is_archived_after_five_years_opened_again_for_a_right_and_erased_after_twenty()
    {
        var patient = _intake.Patient();
        var id = await Delivered(patient);
        (await patient.Post($"/api/v1/cases/{id}/close")).EnsureSuccessStatusCode();
        await Keep();
        (await patient.Case(id)).GetProperty("state").GetString().ShouldBe("closed");
        (await Ops("/retention")).GetProperty("active").GetInt64().ShouldBe(1);
        (await Journey.Problem(await Reopen(id))).Code.ShouldBe("INT-0049");

        await YearsGoBy(id, 5);
        await Keep();
        (await patient.Http.GetAsync($"/api/v1/cases/{id}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await Ops("/retention")).GetProperty("archived").GetInt64().ShouldBe(1);

        (await Reopen(id, "curiosity")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await Reopen(id)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await patient.Case(id)).GetProperty("state").GetString().ShouldBe("closed");
        (await patient.Get($"/api/v1/cases/{id}/accesses")).GetProperty("accesses").EnumerateArray()
            .ShouldContain(a => a.GetProperty("action").GetString() == "reopen" && a.GetProperty("purpose").GetString() == "patient_request");

        await YearsGoBy(id, 15);
        await Keep();
        (await _intake.Service.Broker.Next<CaseErased>(e => e.CaseId == id)).Reason.ShouldBe("retention");
        (await patient.Http.GetAsync($"/api/v1/cases/{id}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        var report = await Ops("/retention");
        (report.GetProperty("erased").GetInt64(), report.GetProperty("dueToErase").GetInt64()).ShouldBe((1, 0));
        report.GetProperty("runs")[0].GetProperty("erased").GetInt32().ShouldBe(1);
    }

    [Fact]
    public async Task A_dry_run_counts_and_changes_nothing()
    {
        var patient = _intake.Patient();
        var id = await patient.Open();
        (await patient.Post($"/api/v1/cases/{id}/withdraw")).EnsureSuccessStatusCode();
        await Keep();
        await YearsGoBy(id, 2);
        var periods = _intake.Service.Services.GetRequiredService<RetentionPeriods>();
        periods.DryRun = true;
        await Keep();
        (await patient.Case(id)).GetProperty("state").GetString().ShouldBe("withdrawn");
        var run = (await Ops("/retention")).GetProperty("runs")[0];
        (run.GetProperty("dryRun").GetBoolean(), run.GetProperty("erased").GetInt32()).ShouldBe((true, 1));

        periods.DryRun = false;
        await Keep();
        (await patient.Http.GetAsync($"/api/v1/cases/{id}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("2020-05-01", "2048-05-01", "until the 28th birthday, when that is later")]
    [InlineData("2009-05-01", "2046-11-28", "a minor whose 28th birthday comes within the twenty years")]
    [InlineData("2008-11-28", "2046-11-28", "of age on that very day")]
    [InlineData("1989-04-17", "2046-11-28", "an adult")]
    public void Minors_records_are_kept_until_they_are_28(string birth, string until, string why)
    {
        var ended = new DateOnly(2026, 11, 28);
        var kept = new RetentionPeriods().Of(true, ended, DateOnly.Parse(birth, null));
        kept.ShouldBe((ended.AddYears(5), DateOnly.Parse(until, null)), why);
        new RetentionPeriods().Of(false, ended, DateOnly.Parse(birth, null)).KeptUntil.ShouldBe(ended.AddYears(2));
    }

    private async Task Keep()
    {
        while (await _intake.Service.Services.GetRequiredService<KeepCases>().Keep(TestContext.Current.CancellationToken))
        {
        }
    }

    /// <summary>As if the case had ended so much earlier; a century of the clock would end every token.</summary>
    private Task YearsGoBy(Guid id, int years) => _intake.Sql<object>(
        """
        update case_file
        set active_until = active_until - make_interval(years => @years), kept_until = kept_until - make_interval(years => @years)
        where id = @id
        """,
        new { id, years });

    private Task<HttpResponseMessage> Reopen(Guid id, string reason = "patient_request") =>
        new Journey(_intake, _intake.Service.Http(TestTokens.Of(Roles.Ops))).Post($"/api/v1/cases/{id}/reopening", new { reason });

    private Task<System.Text.Json.JsonElement> Ops(string path) =>
        new Journey(_intake, _intake.Service.Http(TestTokens.Of(Roles.Ops))).Get("/api/v1" + path);

    private int Files() => Directory.EnumerateFiles(_intake.DocumentsPath, "*.sealed*", SearchOption.AllDirectories).Count();

    /// <summary>Every row of every table that names the case, but for the proofs.</summary>
    private async Task<IReadOnlyList<string>> RowsOf(Guid id)
    {
        await using var db = await _intake.Service.Data.OpenConnectionAsync();
        var rows = new List<string>();
        foreach (var table in (await db.QueryAsync<string>("select tablename from pg_tables where schemaname = 'public'")).Except(Proofs))
        {
            rows.AddRange(await db.QueryAsync<string>($"select t::text from {table} t where t::text like @id", new { id = $"%{id}%" }));
        }

        rows.ShouldNotBeEmpty();
        return rows;
    }

    private async Task<Guid> Delivered(Journey patient)
    {
        var id = await patient.Assigned();
        await _intake.Service.Broker.Publish(new OpinionDelivered
        {
            OpinionId = Guid.CreateVersion7(),
            CaseId = id,
            PhysicianId = IntakeFixture.Expert.PhysicianId,
            Version = 1,
            DeliveredAt = _intake.Time.GetUtcNow(),
        });
        await Eventually.True(async () => await _intake.State(id) == "delivered", "the opinion is delivered");
        return id;
    }
}
