using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Billing.Coverage;

/// <summary>Gives back, every minute, the uses whose engagement ran out before an opinion was delivered.</summary>
internal sealed partial class ExpireCoverage(NpgsqlDataSource dataSource, TimeProvider time, BackgroundJobs jobs, ILogger<ExpireCoverage> logger)
    : BackgroundJob(jobs)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private const int AtOnce = 200;

    /// <summary>One pass.</summary>
    /// <returns>How many expired.</returns>
    public async Task<int> Run(CancellationToken cancel)
    {
        var expired = 0;
        while (await Due(cancel) is { Count: > 0 } due)
        {
            await Each(due,
                async caseId => expired += await dataSource.InTransaction(db =>
                    ReleaseCoverage.End(db, caseId, CoverageState.Expired, time.GetUtcNow()), cancel) ? 1 : 0,
                cancel);
        }

        return expired;
    }

    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        var expired = await Run(cancel);
        if (expired > 0)
        {
            Log.Expired(logger, expired);
        }

        return Next.After(Interval);
    }

    /// <summary>Not locked: the end of a reservation is a conditional update, so that of two instances one finds nothing to do.</summary>
    private async Task<List<Guid>> Due(CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        return (await db.QueryAsync<Guid>(
            """
            select case_id
            from coverage
            where state = 'reserved' and expires_at <= @Now and case_id <> all(@PutOff)
            order by expires_at
            limit @AtOnce
            """, new { Now = time.GetUtcNow(), PutOff, AtOnce })).AsList();
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "{Count} reservations expired unused")]
        public static partial void Expired(ILogger logger, int count);
    }
}
