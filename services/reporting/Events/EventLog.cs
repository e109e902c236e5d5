using System.Diagnostics;
using System.Text.Json;
using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Reporting.Events;

/// <summary>
/// Keeps each event once, as it came, and lets it move the facts in the same transaction. The log's own unique message id guards the effect for good,
/// also when the inbox row of a very late redelivery is long pruned.
/// </summary>
internal sealed class EventLog(Inbox inbox, TimeProvider time)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <param name="delivery">The message as it came.</param>
    /// <param name="consumer">The consumer's class.</param>
    /// <param name="caseId">The case it tells about; null for facts about an insurer or a physician.</param>
    /// <param name="occurredAt">When the sender says that it happened.</param>
    /// <param name="effect">What it changes in the facts; may be nothing.</param>
    public Task Once<T>(Delivery<T> delivery, string consumer, Guid? caseId, DateTimeOffset occurredAt, Func<NpgsqlConnection, Task>? effect = null)
        where T : class =>
        inbox.Once(delivery, consumer, async db =>
        {
            var appended = await db.ExecuteAsync(
                """
                insert into event_log (message_id, event, case_id, occurred_at, received_at, trace_id, body)
                values (@MessageId, @Event, @caseId, @occurredAt, @ReceivedAt, @TraceId, @Body::jsonb)
                on conflict on constraint event_log_once_per_message do nothing
                """,
                new
                {
                    delivery.MessageId,
                    Event = EventName.Of<T>(),
                    caseId,
                    occurredAt,
                    ReceivedAt = time.GetUtcNow(),
                    TraceId = Activity.Current?.TraceId.ToHexString(),
                    Body = JsonSerializer.Serialize(delivery.Event, Json),
                });
            if (appended == 1 && effect is not null)
            {
                await effect(db);
            }
        });
}
