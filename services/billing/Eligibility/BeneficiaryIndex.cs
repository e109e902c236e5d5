using System.ComponentModel.DataAnnotations;
using System.Threading.Channels;
using Npgsql;
using NpgsqlTypes;
using SecondOpinion.Billing.Insurers;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Options;

namespace SecondOpinion.Billing.Eligibility;

/// <summary>Bound from <c>Eligibility</c>.</summary>
internal sealed class ReaderOptions : ISettings
{
    public static string Section => "Eligibility";

    /// <summary>Connections that look up questions, each a batch at a time.</summary>
    [Range(1, 64)]
    public int Readers { get; set; } = 2;
}

/// <summary>
/// Finds beneficiaries by their hash. Questions that wait at the same time share one round trip: each of a few readers takes all that wait, one statement
/// per roster, so that the more is asked the less each question costs.
/// </summary>
internal sealed partial class BeneficiaryIndex : BackgroundJob
{
    private const int MaxBatch = 512;
    private readonly Channel<Lookup> _waiting = Channel.CreateUnbounded<Lookup>();
    private readonly NpgsqlDataSource _reads;
    private readonly int _readers;
    private readonly ILogger<BeneficiaryIndex> _logger;

    public BeneficiaryIndex(IConfiguration configuration, ReaderOptions options, BackgroundJobs jobs, ILogger<BeneficiaryIndex> logger)
        : base(jobs)
    {
        _readers = options.Readers;
        _logger = logger;
        // Connections of its own: a statement is prepared once for each roster and stays, and no transaction of the service holds up a question.
        _reads = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(configuration.GetConnectionString("billing"))
        {
            ApplicationName = "billing-reads",
            MaxPoolSize = _readers,
            MaxAutoPrepare = 250,
            AutoPrepareMinUsages = 2,
            // These connections only read: there is nothing to reset, and the reset costs the server more than a small batch.
            NoResetOnClose = true,
            Timeout = 5,
            CommandTimeout = 10,
            // Keys are looked up one by one, whatever the planner thinks of the size of a young table.
            Options = "-c statement_timeout=9s -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off",
        }.ConnectionString);
    }

    /// <param name="roster">The version that answers.</param>
    /// <param name="insurerId">Its insurer.</param>
    /// <param name="byHolder">The hash is of the holder's NIR, not of the member number.</param>
    /// <param name="hash">Made with the roster's key.</param>
    /// <param name="year">Year of the day of service: uses are counted in it.</param>
    /// <remarks>Not cancellable: it ends by itself within the limits of the connection, and an answer costs less than taking a question back.</remarks>
    /// <returns>Nobody, or one; by a holder's NIR also several, when the person is insured under several member numbers.</returns>
    /// <exception cref="RosterGoneException">The version was dropped since the caller looked it up: look it up again.</exception>
    public Task<IReadOnlyList<Beneficiary>> Find(CurrentRoster roster, Guid insurerId, bool byHolder, long hash, int year)
    {
        var lookup = new Lookup(roster, insurerId, byHolder, hash, (short)year);
        return _waiting.Writer.TryWrite(lookup) ? lookup.Task : throw new OperationCanceledException("The service stops.");
    }

    public override void Dispose()
    {
        _reads.Dispose();
        base.Dispose();
    }

    protected override int Workers => _readers;

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        // Requests were drained before; whoever still asks is told.
        _waiting.Writer.TryComplete();
        while (_waiting.Reader.TryRead(out var lookup))
        {
            lookup.TrySetCanceled(CancellationToken.None);
        }
    }

    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        var batch = new List<Lookup>(MaxBatch);
        while (await _waiting.Reader.WaitToReadAsync(cancel))
        {
            batch.Clear();
            while (batch.Count < MaxBatch && _waiting.Reader.TryRead(out var lookup))
            {
                batch.Add(lookup);
            }

            if (batch.Count > 0)
            {
                await Answer(batch);
            }
        }

        return Next.Never;
    }

    private async Task Answer(List<Lookup> batch)
    {
        foreach (var lookups in ByStatement(batch))
        {
            try
            {
                try
                {
                    await Query(lookups);
                }
                catch (NpgsqlException exception) when (exception.IsTransient || exception.InnerException is IOException)
                {
                    // A reading can always be repeated; the connection may be one that the server's restart broke.
                    Log.Again(_logger, exception.GetType().Name);
                    _reads.Clear();
                    Array.ForEach(lookups, lookup => lookup.Found.Clear());
                    await Query(lookups);
                }
            }
            catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.UndefinedTable)
            {
                Fail(lookups, new RosterGoneException());
            }
            catch (Exception exception)
            {
                // Every waiter gets it; the reader lives on for the next batch.
                Fail(lookups, exception);
            }
        }
    }

    /// <summary>Mostly everybody asks about one roster in one way; then there is nothing to sort.</summary>
    private static IEnumerable<Lookup[]> ByStatement(List<Lookup> batch)
    {
        var first = batch[0];
        return batch.TrueForAll(l => ReferenceEquals(l.Roster, first.Roster) && l.ByHolder == first.ByHolder)
            ? [batch.ToArray()]
            : batch.GroupBy(l => (l.Roster.Table, l.ByHolder)).Select(group => group.ToArray());
    }

    private async Task Query(Lookup[] lookups)
    {
        var first = lookups[0];
        await using var db = await _reads.OpenConnectionAsync();
        await using var command = new NpgsqlCommand(
            $"""
            select q.place, r.key, r.family, r.contract, r.valid_from, r.valid_to, coalesce(pc.uses, 0), coalesce(fc.uses, 0)
            from unnest($1, $2) with ordinality q (hash, year, place)
            join {first.Roster.Table} r on r.{(first.ByHolder ? "holder" : "key")} = q.hash
            left join use_subject ps on ps.insurer_id = $3 and ps.kind = 'person' and ps.hash = r.key and ps.key_id = $4
            left join use_count pc on pc.subject_id = ps.subject_id and pc.year = q.year
            left join use_subject fs on fs.insurer_id = $3 and fs.kind = 'family' and fs.hash = r.family and fs.key_id = $4
            left join use_count fc on fc.subject_id = fs.subject_id and fc.year = q.year
            """, db);
        command.Parameters.Add(new NpgsqlParameter<long[]>
        {
            TypedValue = Array.ConvertAll(lookups, l => l.Hash),
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint,
        });
        command.Parameters.Add(new NpgsqlParameter<short[]>
        {
            TypedValue = Array.ConvertAll(lookups, l => l.Year),
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Smallint,
        });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = first.InsurerId });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = first.Roster.KeyId });
        await using (var reader = await command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                lookups[reader.GetInt64(0) - 1].Found.Add(new Beneficiary(
                    reader.GetInt64(1), reader.GetInt64(2), reader.GetInt16(3), reader.GetFieldValue<DateOnly>(4),
                    await reader.IsDBNullAsync(5) ? null : reader.GetFieldValue<DateOnly>(5), reader.GetInt32(6), reader.GetInt32(7)));
            }
        }

        foreach (var lookup in lookups)
        {
            lookup.TrySetResult(lookup.Found);
        }
    }

    private static void Fail(Lookup[] lookups, Exception exception)
    {
        foreach (var lookup in lookups)
        {
            lookup.TrySetException(exception);
        }
    }

    private sealed class Lookup(CurrentRoster roster, Guid insurerId, bool byHolder, long hash, short year)
        : TaskCompletionSource<IReadOnlyList<Beneficiary>>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public CurrentRoster Roster => roster;

        public Guid InsurerId => insurerId;

        public bool ByHolder => byHolder;

        public long Hash => hash;

        public short Year => year;

        public List<Beneficiary> Found { get; } = new(1);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Eligibility: a batch is read again after {Error}")]
        public static partial void Again(ILogger logger, string error);
    }
}

/// <summary>The roster version that a question began with has been dropped.</summary>
internal sealed class RosterGoneException : Exception;
