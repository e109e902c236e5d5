using Dapper;
using Npgsql;
using SecondOpinion.Billing.PartnerEvents;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Billing.Webhooks;

/// <summary>What is due where, and what came of it.</summary>
internal sealed partial class DeliveryLedger(NpgsqlDataSource dataSource, WebhookOptions options, ILogger<DeliveryLedger> logger)
{
    /// <summary>An address where nothing was taken for so long is stopped.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromDays(3);

    /// <summary>The oldest waiting delivery of its subject, and its time has come: <c>d</c>, with <c>@now</c>.</summary>
    private const string IsDue =
        """
        d.state = 'pending' and d.next_attempt_at <= @now
          and not exists (
            select from webhook_delivery before
            where before.webhook_id = d.webhook_id and before.subject = d.subject and before.state = 'pending' and before.position < d.position)
        """;

    /// <param name="IsTried">It was left alone: one event will tell whether it is back.</param>
    internal sealed record Target(
        Guid Id, string Url, byte[] Secret, string KeyId, byte[]? FormerSecret, string? FormerKeyId, DateTimeOffset? FormerUntil, DateTimeOffset LeasedUntil,
        bool IsTried);

    internal sealed record DueDelivery(
        Guid DeliveryId, int Attempts, Guid Id, string Type, DateTimeOffset At, Guid Subject, string Data)
    {
        public PartnerEventMessage Message => new ToldEvent(Id, Type, At, Subject, Data).Message;
    }

    internal sealed record Outcome(int Delivered, int Failed, int Dead, bool IsLeftAlone);

    /// <summary>Takes the address that has waited longest; others leave it alone until it is given back, or the lease ends with a process that died.</summary>
    public Task<Target?> Take(NpgsqlConnection db, DateTimeOffset now, TimeSpan lease) => db.QuerySingleOrDefaultAsync<Target?>(
        $"""
        update webhook
        set leased_until = @Until
        where id = (
          select w.id
          from webhook w
          where w.state = 'active' and coalesce(w.open_until, '-infinity') <= @now and coalesce(w.leased_until, '-infinity') <= @now
            and exists (select from webhook_delivery d where d.webhook_id = w.id and {IsDue})
          order by w.leased_until nulls first
          limit 1
          for update skip locked)
        returning id, url, secret, key_id, former_secret, former_key_id, former_until, leased_until, failures >= @CircuitAfter as is_tried
        """, new { now, Until = now + lease, options.CircuitAfter });

    /// <summary>The moment stays, so that addresses take turns. A lease that ended before belongs to somebody else now.</summary>
    public static Task GiveBack(NpgsqlConnection db, Target target, DateTimeOffset now) => db.ExecuteAsync(
        "update webhook set leased_until = @now where id = @Id and leased_until = @LeasedUntil", new { target.Id, target.LeasedUntil, now });

    public async Task<List<DueDelivery>> Due(Guid webhookId, DateTimeOffset now, int count, CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        return (await db.QueryAsync<DueDelivery>(
            $"""
            select d.id as delivery_id, d.attempts, {ToldEvent.Columns}
            from webhook_delivery d
            join partner_event e on e.id = d.event_id
            where d.webhook_id = @webhookId and {IsDue}
            order by d.position
            limit @count
            """, new { webhookId, now, count })).AsList();
    }

    /// <summary>Writes down what came of a batch: the log, each delivery's next step, and how the address fares.</summary>
    public async Task<Outcome> Settle(Guid webhookId, IReadOnlyList<(DueDelivery Delivery, Posted Posted)> batch, DateTimeOffset now)
    {
        var failed = batch.Where(p => !p.Posted.IsTaken)
            .Select(p => (p.Posted.DeliveryId, Wait: options.WaitAfter(p.Delivery.Attempts + 1))).ToList();
        var taken = batch.Count - failed.Count;
        // In a row: those after the last success.
        var inARow = batch.Reverse().TakeWhile(p => !p.Posted.IsTaken).Count();
        return await dataSource.InTransaction(async db =>
        {
            // First the address, then its deliveries, as everybody who changes both.
            var health = await db.QuerySingleOrDefaultAsync<Health>(
                """
                update webhook
                set failures = case when @taken > 0 then 0 else failures end + @inARow,
                  failing_since = case when @inARow = 0 then null when @taken > 0 then @now else coalesce(failing_since, @now) end
                where id = @webhookId
                returning failures, failing_since
                """, new { webhookId, taken, inARow, now });
            if (health is null)
            {
                // Deleted meanwhile, with its deliveries.
                return new Outcome(0, 0, 0, IsLeftAlone: true);
            }

            await WriteDown(db, batch, failed, now);
            var isStopped = batch.Any(p => p.Posted.IsGone) || now - health.FailingSince > Patience;
            var pause = options.PauseAfter(health.Failures);
            if (isStopped)
            {
                await Stop(db, webhookId, now);
            }
            else if (health.Failures == 0 || pause is not null)
            {
                await db.ExecuteAsync("update webhook set open_until = @OpenUntil where id = @webhookId", new { webhookId, OpenUntil = now + pause });
            }

            return new Outcome(taken, failed.Count, failed.Count(f => f.Wait is null), isStopped || pause is not null);
        });
    }

    private static async Task WriteDown(
        NpgsqlConnection db, IReadOnlyList<(DueDelivery Delivery, Posted Posted)> batch, List<(Guid DeliveryId, TimeSpan? Wait)> failed, DateTimeOffset now)
    {
        await db.ExecuteAsync(
            """
            insert into webhook_attempt (id, delivery_id, attempted_at, status, fault, milliseconds)
            select * from unnest(@Ids, @Deliveries, @At, @Status, @Faults, @Milliseconds)
            """,
            new
            {
                Ids = batch.Select(_ => Guid.CreateVersion7()).ToArray(),
                Deliveries = batch.Select(p => p.Posted.DeliveryId).ToArray(),
                At = batch.Select(p => p.Posted.At.UtcDateTime).ToArray(),
                Status = batch.Select(p => p.Posted.Status).ToArray(),
                Faults = batch.Select(p => p.Posted.Fault).ToArray(),
                Milliseconds = batch.Select(p => p.Posted.Milliseconds).ToArray(),
            });
        await db.ExecuteAsync(
            "update webhook_delivery set state = 'delivered', attempts = attempts + 1, settled_at = @now where id = any(@Taken)",
            new { Taken = batch.Where(p => p.Posted.IsTaken).Select(p => p.Posted.DeliveryId).ToArray(), now });
        await db.ExecuteAsync(
            """
            update webhook_delivery d
            set attempts = d.attempts + 1, next_attempt_at = coalesce(f.again, d.next_attempt_at),
              state = case when f.again is null then 'dead' else 'pending' end, settled_at = case when f.again is null then @now end
            from unnest(@Failed, @Again) as f (id, again)
            where d.id = f.id
            """,
            new { Failed = failed.Select(f => f.DeliveryId).ToArray(), Again = failed.Select(f => (DateTime?)(now + f.Wait)?.UtcDateTime).ToArray(), now });
    }

    private async Task Stop(NpgsqlConnection db, Guid webhookId, DateTimeOffset now)
    {
        Log.Stopped(logger, webhookId);
        await db.ExecuteAsync(
            """
            update webhook set state = 'stopped', version = version + 1, open_until = null, changed_at = @now where id = @webhookId;
            update webhook_delivery set state = 'dead', settled_at = @now where webhook_id = @webhookId and state = 'pending'
            """, new { webhookId, now });
    }

    private sealed record Health(int Failures, DateTimeOffset? FailingSince);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Webhook {Webhook} is stopped: gone, or nothing was taken there for three days")]
        public static partial void Stopped(ILogger logger, Guid webhook);
    }
}
