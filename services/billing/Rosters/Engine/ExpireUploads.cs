using Dapper;
using Npgsql;
using SecondOpinion.Billing.Rosters.Spool;
using SecondOpinion.ServiceDefaults.Background;

namespace SecondOpinion.Billing.Rosters.Engine;

/// <summary>An upload of which nothing more came for <see cref="RosterOptions.UploadLife"/> is over, and what had come goes: half a list of people serves
/// nobody.</summary>
internal sealed partial class ExpireUploads(
    NpgsqlDataSource dataSource, RosterSpool spool, RosterOptions options, TimeProvider time, BackgroundJobs jobs, ILogger<ExpireUploads> logger)
        : BackgroundJob(jobs)
{
    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        await Expire(cancel);
        return Next.After(Every);
    }

    internal async Task Expire(CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var gone = (await db.QueryAsync<Guid>(
            """
            update roster_import
            set state = 'failed', refusal_code = @Abandoned, finished_at = @now, updated_at = @now
            where state = 'receiving' and updated_at < @Before
            returning id
            """,
            new { RosterRefusals.Abandoned, now, Before = now - options.UploadLife })).AsList();
        foreach (var id in gone)
        {
            Log.Abandoned(logger, id);
            spool.Delete(id);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Roster upload {Import} was never finished and is over")]
        public static partial void Abandoned(ILogger logger, Guid import);
    }
}
