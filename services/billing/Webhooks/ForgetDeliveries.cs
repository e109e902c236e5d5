using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Background;

namespace SecondOpinion.Billing.Webhooks;

/// <summary>Deletes what has been told and settled long ago, and seals secrets anew once the key has changed.</summary>
internal sealed class ForgetDeliveries(NpgsqlDataSource dataSource, WebhookSecrets secrets, BackgroundJobs jobs) : BackgroundJob(jobs)
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);
    private static readonly TimeSpan KeepDeliveries = TimeSpan.FromDays(30);
    private static readonly TimeSpan KeepEvents = TimeSpan.FromDays(90);

    /// <summary>One pass.</summary>
    public async Task Run(CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var now = Time.GetUtcNow();
        await db.ExecuteAsync("delete from webhook_delivery where settled_at < @Before", new { Before = now - KeepDeliveries });
        // What is told once stays known: it would be told again.
        await db.ExecuteAsync(
            """
            delete from partner_event e
            where e.told_at < @Before and e.once is null and not exists (select from webhook_delivery d where d.event_id = e.id)
            """, new { Before = now - KeepEvents });
        await db.ExecuteAsync(
            "update webhook set former_secret = null, former_key_id = null, former_until = null where former_until < @now", new { now });
        foreach (var old in await db.QueryAsync<(Guid Id, string KeyId, byte[] Secret)>(
            "select id, key_id, secret from webhook where key_id <> @KeyId", new { secrets.KeyId }))
        {
            await db.ExecuteAsync(
                "update webhook set secret = @Sealed, key_id = @KeyId where id = @Id and secret = @Secret",
                new { old.Id, old.Secret, secrets.KeyId, Sealed = secrets.Seal(old.Id, secrets.Open(old.Id, old.KeyId, old.Secret)) });
        }
    }

    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        await Run(cancel);
        return Next.After(Interval);
    }
}
