using System.Diagnostics;
using Dapper;
using Npgsql;
using SecondOpinion.Bench.Eligibility;
using SecondOpinion.Billing.Insurers;
using SecondOpinion.Billing.Invoicing;
using SecondOpinion.Billing.Ledger;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Bench.Ledger;

/// <summary>
/// Entries of the ledger, written by the service's own code from eight connections: with all rules of the database, and with the rule of balance switched off,
/// in turns.
/// </summary>
internal sealed class Postings : IAsyncDisposable
{
    private const int Writers = 8;
    private const int Parties = 400;
    private const int Turns = 3;
    private readonly Figures _figures;
    private readonly NpgsqlDataSource _data;
    private readonly Guid[] _parties = [.. Enumerable.Range(0, Parties).Select(_ => Guid.CreateVersion7())];
    private long _entries;

    public Postings(RunningBilling system, Figures figures)
    {
        _figures = figures;
        SqlTypes.Map(typeof(LedgerEntry).Assembly);
        // Prepared as the service prepares (DatabaseRegistration).
        _data = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(system.ConnectionString) { MaxPoolSize = Writers, MaxAutoPrepare = 200, AutoPrepareMinUsages = 2 });
    }

    /// <summary>In turns, each side first as often as the other: a machine that slows down slows both.</summary>
    /// <param name="name">Before the figures' names.</param>
    /// <param name="perCommit">Entries a commit.</param>
    /// <param name="each">How long a turn takes.</param>
    public async Task Compare(string name, int perCommit, TimeSpan each)
    {
        await Rate(perCommit, each / 2);
        var (with, without) = (new List<double>(), new List<double>());
        for (var turn = 0; turn < Turns * 2; turn++)
        {
            var balanced = turn % 4 is 0 or 3;
            await Rule(balanced);
            (balanced ? with : without).Add(await Rate(perCommit, each));
        }

        await Rule(on: true);
        _figures.Add($"{name}postings_per_s", with.Average());
        _figures.Add($"{name}postings_unbalanced_per_s", without.Average());
        _figures.Add($"{name}ratio_vs_unbalanced", with.Average() / without.Average());
    }

    /// <summary>Entries a second.</summary>
    public Task<double> Rate(int perCommit, TimeSpan each)
    {
        var until = Stopwatch.GetTimestamp() + (long)(each.TotalSeconds * Stopwatch.Frequency);
        return Rated(async () =>
        {
            var written = 0;
            while (Stopwatch.GetTimestamp() < until)
            {
                await _data.InTransaction(async db =>
                {
                    for (var i = 0; i < perCommit; i++)
                    {
                        await Entry().Book(db, TimeProvider.System.GetUtcNow());
                    }
                });
                written += perCommit;
            }

            return written;
        });
    }

    /// <summary>What a delivery's message does after its inbox: the lock, both sides, the fee, the cover, the event.</summary>
    public async Task Opinions(IReadOnlyList<Guid> insurers, int count)
    {
        var cases = Enumerable.Range(0, count).Select(_ => Guid.CreateVersion7()).ToArray();
        await using (var db = await _data.OpenConnectionAsync())
        {
            await Months.Reserve(db, cases, insurers, _parties, TimeProvider.System.GetUtcNow(), booked: false);
        }

        var book = new BookOpinion(new InvoicingOptions().VatOf(Pricing.PerOpinion), TimeProvider.System);
        var next = -1;
        _figures.Add("opinions_booked_per_s", await Rated(async () =>
        {
            var booked = 0;
            for (var at = Interlocked.Increment(ref next); at < cases.Length; at = Interlocked.Increment(ref next))
            {
                await _data.InTransaction(db => book.BookIfDelivered(db, cases[at]));
                booked++;
            }

            return booked;
        }));
    }

    public ValueTask DisposeAsync() => _data.DisposeAsync();

    private static async Task<double> Rated(Func<Task<int>> writer)
    {
        var watch = Stopwatch.StartNew();
        var written = await Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => Task.Run(writer)));
        return written.Sum() / watch.Elapsed.TotalSeconds;
    }

    /// <summary>As of a delivered opinion.</summary>
    private LedgerEntry Entry()
    {
        var n = Interlocked.Increment(ref _entries);
        return new LedgerEntry($"bench:{Guid.CreateVersion7()}", null, "Measured entry")
            .Line(Account.Payable(_parties[n % Parties]), -120_00).Line(Account.PhysicianFees, 120_00)
            .Line(Account.Patient(_parties[n % 60]), 295_00).Line(Account.Opinions, -295_00);
    }

    private async Task Rule(bool on)
    {
        await using var db = await _data.OpenConnectionAsync();
        var state = on ? "enable" : "disable";
        await db.ExecuteAsync(
            $"alter table ledger_transaction {state} trigger ledger_balances; alter table ledger_line {state} trigger ledger_line_balances;");
    }
}
