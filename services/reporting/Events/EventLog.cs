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
            // One event of a case at a time: an erasure and a telling that overlapped would each miss the other, and a trait would stay.
            await db.ExecuteAsync("select pg_advisory_xact_lock(hashtextextended(@caseId::uuid::text, 0)) where @caseId::uuid is not null", new { caseId });
            var erased = await db.ExecuteScalarAsync<bool?>(
                """
                insert into event_log (message_id, event, case_id, occurred_at, received_at, trace_id, body)
                values (@MessageId, @Event, @caseId, @occurredAt, @ReceivedAt, @TraceId, @Body::jsonb)
                on conflict on constraint event_log_once_per_message do nothing
                returning exists (select from event_log e where e.case_id = @caseId and e.event = 'intake.case-erased.v1')
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
            if (erased is null)
            {
                // Kept before.
                return;
            }

            if (effect is not null)
            {
                await effect(db);
            }

            if (erased == true)
            {
                await Forget(db, caseId!.Value);
            }
        });

    /// <summary>
    /// An erased case: what could tell who it was goes, from the log and the facts; where somebody lives and is treated, and what they chose to tell of
    /// themselves. Pathology, states and dates stay: they are nobody's any more.
    /// </summary>
    public static Task Forget(NpgsqlConnection db, Guid caseId) => db.ExecuteAsync(
        """
        select forget_case(@caseId);

        update case_fact
        set department_code = null, department_at = null, mission_category = null, pcs_group = null, disability = null, heard_from = null,
          treating_physician_aware = null, social_at = null
        where case_id = @caseId
        """,
        new { caseId });
}
