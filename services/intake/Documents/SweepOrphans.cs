using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Background;

namespace SecondOpinion.Intake.Documents;

/// <summary>Removes files whose upload ended without a row: the process was killed between the file and the commit.</summary>
internal sealed partial class SweepOrphans(
    NpgsqlDataSource dataSource, DocumentStore store, DocumentOptions options, TimeProvider time, BackgroundJobs jobs, ILogger<SweepOrphans> logger)
    : BackgroundJob(jobs)
{
    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        await Sweep(cancel);
        return Next.After(Every);
    }

    internal async Task<int> Sweep(CancellationToken cancel)
    {
        var removed = 0;
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        foreach (var old in store.WrittenBefore(time.GetUtcNow() - options.OrphanAge).Chunk(500))
        {
            var known = (await db.QueryAsync<Guid>("select id from document where id = any(@old)", new { old })).ToHashSet();
            foreach (var orphan in old.Where(id => !known.Contains(id)))
            {
                store.Delete(orphan);
                removed++;
            }
        }

        if (removed > 0)
        {
            Log.Removed(logger, removed);
        }

        return removed;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "{Count} files of interrupted uploads were removed")]
        public static partial void Removed(ILogger logger, int count);
    }
}
