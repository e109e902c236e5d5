using System.Diagnostics;
using System.Text.Json;
using Dapper;
using Npgsql;

namespace SecondOpinion.ServiceDefaults.Messaging;

/// <summary>Where a service puts the events that its transaction makes true. They leave when, and only when, it commits.</summary>
public static class Outbox
{
    internal const string Channel = "outbox";
    internal static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <param name="db">The connection whose open transaction changes the state.</param>
    /// <param name="aggregateId">Events of one aggregate (a case, a physician) leave in the order in which they were written.</param>
    /// <param name="message">A record of <c>contracts/Events</c>.</param>
    public static Task Publish<T>(NpgsqlConnection db, Guid aggregateId, T message) where T : class =>
        db.ExecuteAsync(
            $"""
            insert into outbox (message_id, aggregate_id, message_type, body, trace_parent)
            values (@MessageId, @aggregateId, @MessageType, @Body, @TraceParent);
            notify {Channel};
            """,
            new
            {
                MessageId = Guid.CreateVersion7(),
                aggregateId,
                MessageType = typeof(T).FullName,
                Body = JsonSerializer.Serialize(message, Json),
                TraceParent = Activity.Current?.Id,
            });

    /// <summary>What was told of it is no longer kept for a restored broker: it was erased, and nobody is to hear of it again.</summary>
    public static Task Forget(NpgsqlConnection db, Guid aggregateId) =>
        db.ExecuteAsync("delete from outbox_sent where aggregate_id = @aggregateId", new { aggregateId });
}
