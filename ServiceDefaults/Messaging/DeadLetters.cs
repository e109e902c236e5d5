using System.Text;
using System.Text.Json;
using RabbitMQ.Client;

namespace SecondOpinion.ServiceDefaults.Messaging;

/// <summary>A message that was given up, without its content.</summary>
/// <param name="Queue">The queue whose handler could not take it.</param>
/// <param name="Event">Name of the event, e.g. <c>intake:case-completed:v1</c>; null when it is none of ours.</param>
/// <param name="DiedAt">When it was given up, to the second; null when unknown.</param>
/// <param name="Reason">Type of the exception; <c>delivery_limit</c> when its consumer's process died again and again; <c>no_handler</c>.</param>
public sealed record DeadLetter(string Queue, Guid? MessageId, string? Event, DateTimeOffset? DiedAt, string Reason);

/// <summary>Looks into the dead queues and brings messages back.</summary>
internal sealed class DeadLetters(BrokerLink link)
{
    public const string NoHandler = "no_handler";
    internal const string ReasonHeader = "dead-reason";
    internal const string DiedAtHeader = "dead-at";

    /// <summary>
    /// The first messages of a dead queue. Each is read by putting a copy behind the others, not by returning it: a returned message would count as a failed
    /// delivery where a policy of the broker limits them.
    /// </summary>
    public async Task<IReadOnlyList<DeadLetter>> List(Queue queue, int most, CancellationToken cancel)
    {
        var found = new List<DeadLetter>();
        await link.Carry(queue.Dead, most, message =>
        {
            found.Add(Describe(queue, message));
            return Task.FromResult((queue.Dead, Headers(message.BasicProperties)));
        }, cancel);
        return found;
    }

    /// <summary>
    /// Moves the messages that are wanted back to their queue, as new ones; the others go behind. What already had its effect has none again.
    /// </summary>
    /// <param name="queue">Whose dead messages.</param>
    /// <param name="wanted">Which of them.</param>
    /// <param name="record">Called before a message moves; throws to leave it where it is.</param>
    /// <param name="most">How many messages are looked at.</param>
    /// <param name="cancel">Stops between two messages.</param>
    public async Task<IReadOnlyList<DeadLetter>> Redrive(
        Queue queue, Func<DeadLetter, bool> wanted, Func<DeadLetter, Task> record, int most, CancellationToken cancel)
    {
        var moved = new List<DeadLetter>();
        await link.Carry(queue.Dead, most, async message =>
        {
            var letter = Describe(queue, message);
            if (!wanted(letter))
            {
                return (queue.Dead, Headers(message.BasicProperties));
            }

            await record(letter);
            moved.Add(letter);
            return (queue.Name, OwnHeaders(message.BasicProperties));
        }, cancel);
        return moved;
    }

    /// <summary>Without what the broker and this class noted on it: the message as it was sent.</summary>
    internal static IReadOnlyDictionary<string, object?> OwnHeaders(IReadOnlyBasicProperties properties) => new Dictionary<string, object?>(
        Headers(properties).Where(h => !h.Key.StartsWith("x-", StringComparison.Ordinal) && h.Key is not (ReasonHeader or DiedAtHeader)));

    internal static IReadOnlyDictionary<string, object?> Headers(IReadOnlyBasicProperties properties) =>
        new Dictionary<string, object?>(properties.Headers ?? new Dictionary<string, object?>());

    private static DeadLetter Describe(Queue queue, BasicGetResult message)
    {
        var headers = Headers(message.BasicProperties);
        // By the broker: the latest of its notes comes first.
        var death = headers.GetValueOrDefault("x-death") is IList<object> { Count: > 0 } deaths ? deaths[0] as IDictionary<string, object> : null;
        var reason = Text(headers.GetValueOrDefault(ReasonHeader)) ?? Text(death?["reason"]) ?? Text(headers.GetValueOrDefault("MT-Fault-ExceptionType"))
            ?? "unknown";
        DateTimeOffset? diedAt = headers.GetValueOrDefault(DiedAtHeader) is long seconds ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : death?["time"] is AmqpTimestamp time ? DateTimeOffset.FromUnixTimeSeconds(time.UnixTime)
            : null;
        return new DeadLetter(queue.Name, Guid.TryParse(message.BasicProperties.MessageId, out var id) ? id : null, Event(message.Body), diedAt, reason);
    }

    private static string? Text(object? header) => header is byte[] bytes ? Encoding.UTF8.GetString(bytes) : header as string;

    private static string? Event(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var envelope = JsonDocument.Parse(body);
            return envelope.RootElement.GetProperty("messageType")[0].GetString()?.Replace("urn:message:", "", StringComparison.Ordinal);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException)
        {
            // No envelope of ours: that may be why it lies here.
            return null;
        }
    }
}
