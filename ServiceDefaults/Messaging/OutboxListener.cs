using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Background;

namespace SecondOpinion.ServiceDefaults.Messaging;

/// <summary>Wakes the relay at each commit that wrote an outbox row.</summary>
internal sealed class OutboxListener(NpgsqlDataSource dataSource, OutboxRelay relay, BackgroundJobs jobs) : BackgroundJob(jobs)
{
    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        db.Notification += (_, _) => relay.Wake();
        await db.ExecuteAsync($"listen {Outbox.Channel}");
        relay.Wake();
        Working();
        while (true)
        {
            await db.WaitAsync(cancel);
        }
    }
}
