using System.Diagnostics;
using System.Text.Json;
using Dapper;
using MassTransit;
using Microsoft.Extensions.Logging;
using Npgsql;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Telemetry;

namespace SecondOpinion.ServiceDefaults.Messaging;

/// <summary>
/// Carries the outbox to the broker: woken by NOTIFY (and every two seconds, should a notice be lost), published with confirms and <c>mandatory</c>
/// under a time limit, in order per aggregate. Any number of relays may run: a row locked by one is skipped by the others.
/// <para>A row is taken by being unsent and free, never by "position after the last seen": a slow transaction's row would be skipped for ever.</para>
/// </summary>
public sealed partial class OutboxRelay(NpgsqlDataSource dataSource, IBus bus, ServiceMetrics metrics, BackgroundJobs jobs, ILogger<OutboxRelay> logger)
    : BackgroundJob(jobs)
{
    /// <summary>The time limit of one publish: while the broker is away MassTransit would wait for ever.</summary>
    private static readonly TimeSpan PublishLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan KeepInbox = TimeSpan.FromDays(30);

    /// <summary>Longer than a queue waits for a service that is down over a weekend, and much shorter than the inbox remembers.</summary>
    private static readonly TimeSpan KeepSent = TimeSpan.FromDays(3);
    private static readonly TimeSpan KeepIdempotency = TimeSpan.FromHours(24);
    private static readonly string Erased = typeof(CaseErased).FullName!;
    private static readonly TimeSpan PruneEvery = TimeSpan.FromHours(1);

    /// <summary>Waits after a failure that is the message's own fault, in seconds; after the last one the row is parked and the others go on.</summary>
    private static readonly int[] RetryLadder = [1, 2, 5, 15, 30];

    private long? _prunedAt;

    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        switch (await SendBatch(cancel))
        {
            case BatchOutcome.Empty:
                await Prune();
                return Next.After(Poll);
            case BatchOutcome.BrokerAway:
                return Next.NotBefore(TimeSpan.FromSeconds(1));
            default:
                return Next.Now;
        }
    }

    internal enum BatchOutcome
    {
        Empty,
        Sent,
        BrokerAway,
    }

    internal async Task<BatchOutcome> SendBatch(CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        await using var transaction = await db.BeginTransactionAsync(cancel);

        // The lock on an aggregate's oldest row is the right to send all of that aggregate.
        var rows = (await db.QueryAsync<Row>(
            """
            with head as (
              select o.id, o.aggregate_id
              from outbox o
              where o.parked_at is null
                and o.next_attempt_at <= now()
                and not exists (
                  select from outbox earlier
                  where earlier.aggregate_id = o.aggregate_id and earlier.id < o.id and earlier.parked_at is null)
              order by o.id
              limit 100
              for update skip locked
            )
            select o.id, o.message_id, o.aggregate_id, o.message_type, o.body, o.trace_parent, o.attempts
            from head
            join outbox o on o.aggregate_id = head.aggregate_id and o.parked_at is null
            order by o.id
            limit 1000
            """)).AsList();
        if (rows.Count == 0)
        {
            return BatchOutcome.Empty;
        }

        var results = await Task.WhenAll(rows.GroupBy(row => row.AggregateId).Select(aggregate => SendInOrder(aggregate, cancel)));

        var sent = results.SelectMany(r => r.Sent).ToArray();
        if (sent.Length > 0)
        {
            await db.ExecuteAsync(
                """
                with gone as (
                  delete from outbox where id = any(@sent)
                  returning id, message_id, aggregate_id, message_type, body, trace_parent, created_at
                )
                insert into outbox_sent (id, message_id, aggregate_id, message_type, body, trace_parent, created_at)
                select id, message_id, aggregate_id, message_type, body, trace_parent, created_at from gone
                """,
                new { sent });
            if (rows.Exists(row => row.MessageType == Erased))
            {
                // The erasure is what a restored broker needs of that case, and nothing that was told before it.
                await db.ExecuteAsync(
                    """
                    delete from outbox_sent before
                    using outbox_sent erased
                    where erased.id = any(@sent) and erased.message_type = @Erased
                      and before.aggregate_id = erased.aggregate_id and before.id < erased.id
                    """,
                    new { sent, Erased });
            }
        }

        foreach (var (row, error) in results.Where(r => r.Failed is not null).Select(r => r.Failed!.Value))
        {
            await PutBack(db, row, error);
        }

        await transaction.CommitAsync(CancellationToken.None);
        metrics.OutboxSent(sent.Length);
        return results.Any(r => r.Failed is { Error: var e } && BrokerLink.IsAway(e)) ? BatchOutcome.BrokerAway : BatchOutcome.Sent;
    }

    private async Task<(List<long> Sent, (Row Row, Exception Error)? Failed)> SendInOrder(IEnumerable<Row> aggregate, CancellationToken cancel)
    {
        var sent = new List<long>();
        foreach (var row in aggregate)
        {
            try
            {
                await Send(row, cancel);
                sent.Add(row.Id);
            }
            catch (Exception exception) when (!cancel.IsCancellationRequested)
            {
                // Whatever it is, it is recorded on the row, and the later rows of this aggregate wait for it.
                return (sent, (row, exception));
            }
        }

        return (sent, null);
    }

    private async Task Send(Row row, CancellationToken cancel)
    {
        var type = typeof(CaseOpened).Assembly.GetType(row.MessageType, throwOnError: true)!;
        var message = JsonSerializer.Deserialize(row.Body, type, Outbox.Json)!;
        using var activity = ServiceTelemetry.Source.StartActivity("outbox relay", ActivityKind.Producer, row.TraceParent);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(PublishLimit);
        await bus.Publish(message, type, context =>
        {
            context.MessageId = row.MessageId;
            context.CorrelationId = row.AggregateId;
            if (context.TryGetPayload<RabbitMqSendContext>(out var rabbit))
            {
                // Without it a message that no queue takes is confirmed and silently dropped.
                rabbit.Mandatory = true;
            }
        }, limit.Token);
    }

    private async Task PutBack(NpgsqlConnection db, Row row, Exception error)
    {
        // The broker being away, or nobody listening yet, is not the message's fault: it waits as long as it takes.
        if (BrokerLink.IsAway(error) || error is MessageReturnedException)
        {
            Log.Waiting(logger, row.Id, row.MessageType, error.GetType().Name);
            await db.ExecuteAsync(
                "update outbox set next_attempt_at = now() + interval '1 second' * @Seconds, attempts = attempts + 1, last_error = @Error where id = @Id",
                new { row.Id, Seconds = error is MessageReturnedException ? Math.Min(30, 1 << Math.Min(row.Attempts, 5)) : 1, Error = error.GetType().Name });
            return;
        }

        var park = row.Attempts >= RetryLadder.Length;
        if (park)
        {
            Log.Parked(logger, row.Id, row.MessageType, error.GetType().Name);
        }

        await db.ExecuteAsync(
            """
            update outbox
            set attempts = attempts + 1,
                next_attempt_at = now() + interval '1 second' * @Seconds,
                parked_at = case when @park then now() end,
                last_error = @Error
            where id = @Id
            """,
            new { row.Id, park, Seconds = park ? 0 : RetryLadder[row.Attempts], Error = error.GetType().Name });
    }

    private async Task Prune()
    {
        if (_prunedAt is { } before && Time.GetElapsedTime(before) < PruneEvery)
        {
            return;
        }

        _prunedAt = Time.GetTimestamp();
        await using var db = await dataSource.OpenConnectionAsync();
        await db.ExecuteAsync(
            // The database dates these rows itself, so it is its clock that says how old they are.
            """
            delete from inbox where received_at < now() - @KeepInbox;
            delete from idempotency where created_at < now() - @KeepIdempotency;
            delete from outbox_sent where sent_at < now() - @KeepSent;
            """,
            new { KeepInbox, KeepIdempotency, KeepSent });
    }

    private sealed record Row(
        long Id, Guid MessageId, Guid AggregateId, string MessageType, string Body, string? TraceParent, int Attempts);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Outbox: row {Id} ({MessageType}) waits for the broker: {Error}")]
        public static partial void Waiting(ILogger logger, long id, string messageType, string error);

        [LoggerMessage(LogLevel.Error, "Outbox: row {Id} ({MessageType}) cannot be sent and is parked: {Error}")]
        public static partial void Parked(ILogger logger, long id, string messageType, string error);
    }
}
