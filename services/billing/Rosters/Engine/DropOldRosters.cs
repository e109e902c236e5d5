using Dapper;
using Npgsql;
using SecondOpinion.Billing.Insurers;
using SecondOpinion.ServiceDefaults.Background;

namespace SecondOpinion.Billing.Rosters.Engine;

/// <summary>
/// Keeps an insurer's last versions and the one that answers; the tables of the others go. Repeatable at any time: a table that somebody reads (a dump, a slow
/// question) is left for the next round.
/// </summary>
internal sealed partial class DropOldRosters(
    ImportConnections connections, InsurerDirectory insurers, RosterOptions options, TimeProvider time, BackgroundJobs jobs, ILogger<DropOldRosters> logger)
    : BackgroundJob(jobs)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private const string Old =
        """
        select v.insurer_id, v.version, v.table_name
        from roster_version v
        join roster r on r.insurer_id = v.insurer_id
        where v.dropped_at is null and v.version <> r.version
          and v.version <= (select max(version) from roster_version m where m.insurer_id = v.insurer_id) - @VersionsKept
        """;

    /// <summary>A new version answers: this instance reads it now, and the tables that it made superfluous go. Neither can harm the version.</summary>
    public async Task AfterSwitch(Guid insurerId)
    {
        try
        {
            await insurers.Refresh();
            await Drop(insurerId);
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
        {
            Log.Later(logger, insurerId, exception.GetType().Name);
        }
    }

    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        List<Guid> insurersToTidy;
        await using (var db = await connections.Imports.OpenConnectionAsync(cancel))
        {
            insurersToTidy = (await db.QueryAsync<Guid>(
                $"select distinct insurer_id from ({Old}) o where insurer_id <> all(@PutOff)", new { options.VersionsKept, PutOff })).AsList();
        }

        await Each(insurersToTidy, Drop, cancel);
        return Next.After(Interval);
    }

    private async Task Drop(Guid insurerId)
    {
        await using var db = await connections.Imports.OpenConnectionAsync();
        var old =
            await db.QueryAsync<(Guid Insurer, int Version, string Table)>($"{Old} and v.insurer_id = @insurerId", new { insurerId, options.VersionsKept });
        foreach (var (_, version, table) in old)
        {
            await using var transaction = await db.BeginTransactionAsync();
            // The row lock orders it with a rollback, which may just have chosen this version. Whoever reads the table is not made to wait behind us for long.
            var current = await db.ExecuteScalarAsync<int?>("select version from roster where insurer_id = @insurerId for update", new { insurerId });
            if (current == version)
            {
                continue;
            }

            await db.ExecuteAsync(
                $"set local lock_timeout = '500ms'; drop table if exists {table}; update roster_version set dropped_at = @Now where insurer_id = @insurerId "
                    + "and version = @version",
                new { insurerId, version, Now = time.GetUtcNow() });
            await transaction.CommitAsync();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Old roster versions of insurer {Insurer} are dropped later: {Error}")]
        public static partial void Later(ILogger logger, Guid insurer, string error);
    }
}
