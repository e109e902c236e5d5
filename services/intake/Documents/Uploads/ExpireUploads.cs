using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Background;

namespace SecondOpinion.Intake.Documents.Uploads;

/// <summary>Forgets uploads that nobody went on with, and their bytes; and bytes whose upload was ended while the process died.</summary>
internal sealed partial class ExpireUploads(
    NpgsqlDataSource dataSource, DocumentStore store, TimeProvider time, BackgroundJobs jobs, ILogger<ExpireUploads> logger) : BackgroundJob(jobs)
{
    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        await Expire(cancel);
        return Next.After(Every);
    }

    internal async Task Expire(CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var old = (await db.QueryAsync<Guid>(
            "select id from document_upload where expires_at < @now order by expires_at limit 500", new { now = time.GetUtcNow() })).AsList();
        var expired = await Each(old, id => One(db, id), cancel);
        var stray = 0;
        foreach (var parts in store.AllParts().Chunk(500))
        {
            var known = (await db.QueryAsync<Guid>("select id from document_upload where id = any(@parts)", new { parts })).ToHashSet();
            foreach (var id in parts.Where(id => !known.Contains(id)))
            {
                using var turn = store.TurnOf(id);
                if (turn is not null)
                {
                    store.DeletePart(id);
                    stray++;
                }
            }
        }

        if (expired + stray > 0)
        {
            Log.Expired(logger, expired, stray);
        }
    }

    private async Task One(NpgsqlConnection db, Guid id)
    {
        using var turn = store.TurnOf(id);
        if (turn is null)
        {
            return;
        }

        // Gone on with since: then it is not ours.
        if (await db.ExecuteAsync("delete from document_upload where id = @id and expires_at < @now", new { id, now = time.GetUtcNow() }) > 0)
        {
            await db.ExecuteAsync("delete from upload_reservation where document_id = @id", new { id });
            store.DeletePart(id);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Uploads that nobody went on with: {Expired} forgotten, {Stray} without a row removed")]
        public static partial void Expired(ILogger logger, int expired, int stray);
    }
}
