using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Background;

namespace SecondOpinion.Intake.Documents;

/// <summary>
/// Sets aside files whose upload ended without a row: the process was killed between the file and the commit. Set aside is not removed: for
/// <see cref="DocumentOptions.Retention"/> a file whose row comes back (a restored database) comes back too. A sweep that would take more than a small share of
/// the folder takes nothing and says so: then it is the database that lacks rows.
/// </summary>
internal sealed partial class SweepOrphans(
    NpgsqlDataSource dataSource, DocumentStore store, DocumentOptions options, TimeProvider time, BackgroundJobs jobs, ILogger<SweepOrphans> logger)
    : BackgroundJob(jobs)
{
    private const int BatchSize = 500;
    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        await Sweep(cancel);
        return Next.After(Every);
    }

    /// <returns>How many were set aside.</returns>
    /// <exception cref="InvalidOperationException">Too large a share of the folder has no row: nothing was touched.</exception>
    internal async Task<int> Sweep(CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        if (store.Installation() != await db.ExecuteScalarAsync<Guid?>("select id from installation"))
        {
            throw new InvalidOperationException("The folder of documents belongs to another database: nothing was set aside.");
        }

        await db.ExecuteAsync("delete from upload_reservation where expires_at < @now", new { now = time.GetUtcNow() });
        var back = await Revive(db);
        var (orphans, all) = await Orphans(db);
        if (orphans.Count > Math.Max(options.SweepFloor, all * options.SweepShare))
        {
            Log.TooMany(logger, orphans.Count, all);
            throw new InvalidOperationException($"{orphans.Count} of {all} documents have no row: the database lacks rows, so nothing was set aside.");
        }

        orphans.ForEach(store.SetAside);
        var gone = store.RemoveSetAsideBefore(time.GetUtcNow() - options.Retention);
        if (orphans.Count + back + gone > 0)
        {
            Log.Swept(logger, orphans.Count, back, gone);
        }

        return orphans.Count;
    }

    private async Task<int> Revive(NpgsqlConnection db)
    {
        var back = 0;
        foreach (var aside in store.AllSetAside().Chunk(BatchSize))
        {
            foreach (var id in await db.QueryAsync<Guid>("select id from document where id = any(@aside)", new { aside }))
            {
                store.BringBack(id);
                back++;
            }
        }

        return back;
    }

    private async Task<(List<Guid> Orphans, long All)> Orphans(NpgsqlConnection db)
    {
        var orphans = new List<Guid>();
        long all = 0;
        foreach (var old in store.WrittenBefore(time.GetUtcNow() - options.OrphanAge).Chunk(BatchSize))
        {
            var known = (await db.QueryAsync<Guid>(
                "select id from document where id = any(@old) union select id from document_upload where id = any(@old)", new { old })).ToHashSet();
            orphans.AddRange(old.Where(id => !known.Contains(id)));
            all += old.Length;
        }

        return (orphans, all);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Documents without a row: {Aside} set aside, {Back} brought back, {Gone} removed after their retention")]
        public static partial void Swept(ILogger logger, int aside, int back, int gone);

        [LoggerMessage(
            LogLevel.Critical, "{Count} of {All} documents have no row. Nothing was set aside: look whether the database is the right one and whole")]
        public static partial void TooMany(ILogger logger, int count, long all);
    }
}
