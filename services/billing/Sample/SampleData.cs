using System.Globalization;
using System.Text;
using Dapper;
using Npgsql;
using SecondOpinion.Billing.Insurers;
using SecondOpinion.Billing.Rosters.Engine;
using SecondOpinion.Billing.Rosters.Spool;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.Sample;

/// <summary>
/// Sixty fictitious insurers with contracts and small rosters, for a local run. They take the way of real ones: an upload, an import. The first has the
/// patient of <c>samples/endometriose</c>: member FICTIF000042, born 1989-04-17.
/// </summary>
internal sealed class SampleData(
    NpgsqlDataSource dataSource, RosterSpool spool, ImportWorker worker, InsurerDirectory insurers, TimeProvider time) : IHostedService
{
    private const int MembersEach = 120;
    private const string By = "sample";

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await dataSource.InTransaction(async db =>
        {
            await db.WaitForOtherStarts();
            var number = 0;
            foreach (var fields in Lines("insurers.csv"))
            {
                number++;
                var id = InsurerId(fields[0]);
                var details = new SaveInsurer.InsurerDetails(fields[1], fields[2], new(fields[1], fields[3], fields[4], fields[5]));
                if (!await SaveInsurer.Insert(db, id, AmcNumber.Parse(fields[0]), details, By, now))
                {
                    continue;
                }

                foreach (var (code, terms) in Contracts(number))
                {
                    await SaveContract.Write(db, id, code, terms, By, now);
                }

                await Queue(db, id, Roster(number), now.AddMilliseconds(number), cancellationToken);
            }

            await InsurerDirectory.Changed(db);
        }, cancellationToken);
        await insurers.Refresh();

        // The first insurer, that of the sample case, answers before the service says that it is ready; the others follow while it serves.
        await worker.RunOne(cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Ids that a reader can tell, e.g. for <c>./run token partner --insurer …</c>: the AMC number in a UUID.</summary>
    public static Guid InsurerId(string amc) => Guid.Parse($"00000000-0000-7000-8000-{amc.PadLeft(12, '0')}");

    private async Task Queue(NpgsqlConnection db, Guid insurerId, string roster, DateTimeOffset now, CancellationToken cancel)
    {
        var importId = Guid.CreateVersion7();
        var bytes = Encoding.UTF8.GetBytes(roster);
        spool.Create(importId);
        await spool.Append(importId, new MemoryStream(bytes), bytes.Length, cancel);
        await db.ExecuteAsync(
            """
            insert into roster_import (id, insurer_id, kind, state, requested_by, size_bytes, received_bytes, created_at, queued_at, updated_at)
            values (@importId, @insurerId, 'whole', 'queued', @By, @Length, @Length, @now, @now, @now)
            """,
            new { importId, insurerId, By, bytes.Length, now });
    }

    /// <summary>Three in four insurers pay per opinion, the others per member and month.</summary>
    private static IEnumerable<(string Code, SaveContract.ContractTermsRequest Terms)> Contracts(int insurer)
    {
        var start = new DateOnly(2021, 1, 1);
        var (pricing, cents) = insurer % 4 == 0 ? (Pricing.PerMemberPerMonth, 4L) : (Pricing.PerOpinion, 295_00L);
        yield return ("CONFORT", new(start, "Santé Confort (fictif)", "sante", true, 2, 4, 0, start, null, pricing.Word(), cents));
        // Without limit, so that the sample case can be played again and again.
        yield return ("INTEGRALE", new(start, "Santé Intégrale (fictif)", "sante", true, null, null, 0, start, null, pricing.Word(), cents));
        yield return ("ESSENTIEL", new(start, "Santé Essentiel (fictif)", "sante", false, null, null, 0, start, null, pricing.Word(), cents));
        yield return ("PREVOYANCE", new(start, "Prévoyance (fictif)", "prevoyance", true, null, null, 90, start, null, pricing.Word(), cents));
    }

    private static string Roster(int insurer)
    {
        var csv = new StringBuilder("numero_adherent;date_naissance;rang;lien;nir_assure;contrat;debut;fin\n");
        if (insurer == 1)
        {
            csv.Append("FICTIF000042;1989-04-17;1;A;289043523899902;INTEGRALE;2022-01-01;\n");
        }

        // The same people at every start: a generator of small steps, not a random one.
        for (var member = 1; member <= MembersEach; member++)
        {
            if (insurer == 1 && member == 42)
            {
                continue;
            }

            var seed = insurer * 7919 + member * 104729;
            var birth = new DateOnly(1940 + seed % 50, 1 + seed / 60 % 12, 1 + seed / 720 % 28);
            var contract = (seed % 10) switch { < 7 => "CONFORT", < 9 => "ESSENTIEL", _ => "PREVOYANCE" };
            csv.Append(CultureInfo.InvariantCulture, $"FICTIF{member:000000};{birth:yyyy-MM-dd};1;A;;{contract};2022-01-01;\n");
            if (member % 3 == 0)
            {
                csv.Append(CultureInfo.InvariantCulture, $"FICTIF{member:000000};{birth.AddYears(28):yyyy-MM-dd};1;E;;{contract};2022-01-01;\n");
            }
        }

        return csv.ToString();
    }

    private static IEnumerable<string[]> Lines(string file)
    {
        using var reader = new StreamReader(typeof(SampleData).Assembly.GetManifestResourceStream($"Sample/{file}")!);
        reader.ReadLine();
        while (reader.ReadLine() is { } line)
        {
            yield return line.Split(';');
        }
    }
}
