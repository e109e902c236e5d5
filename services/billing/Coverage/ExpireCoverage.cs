using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Billing.Coverage;

/// <summary>Gives back, every minute, the uses whose engagement ran out before an opinion was delivered.</summary>
internal sealed partial class ExpireCoverage(NpgsqlDataSource dataSource, TimeProvider time, ILogger<ExpireCoverage> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>One pass.</summary>
    /// <returns>How many expired.</returns>
    public async Task<int> Run(CancellationToken cancel)
    {
        var expired = 0;
        while (await dataSource.InTransaction(ExpireOne, cancel))
        {
            expired++;
        }

        return expired;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
            {
                try
                {
                    var expired = await Run(stoppingToken);
                    if (expired > 0)
                    {
                        Log.Expired(logger, expired);
                    }
                }
                catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
                {
                    Log.Later(logger, exception.GetType().Name);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The next start goes on.
        }
    }

    private async Task<bool> ExpireOne(NpgsqlConnection db)
    {
        var now = time.GetUtcNow();
        var caseId = await db.ExecuteScalarAsync<Guid?>(
            "select case_id from coverage where state = 'reserved' and expires_at <= @now order by expires_at limit 1 for update skip locked", new { now });
        return caseId is { } id && await ReleaseCoverage.End(db, id, "expired", now);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "{Count} reservations expired unused")]
        public static partial void Expired(ILogger logger, int count);

        [LoggerMessage(LogLevel.Warning, "Expiry is tried again in a minute: {Error}")]
        public static partial void Later(ILogger logger, string error);
    }
}
