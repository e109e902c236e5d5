using MassTransit;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace SecondOpinion.ServiceDefaults.Messaging;

/// <summary>
/// A connection beside MassTransit's, for what it does not do: moving messages as they are, with nothing lost in between, and looking at queues.
/// </summary>
internal sealed class BrokerLink(Uri broker) : IAsyncDisposable
{
    private const ushort NotFound = 404;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);
    private readonly SemaphoreSlim _one = new(1, 1);
    private IConnection? _connection;

    /// <summary>
    /// A channel on which a publish ends when the broker has confirmed it, and throws when it refuses it or no queue takes it. Dispose it after use.
    /// </summary>
    public async Task<IChannel> Channel(CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            if (_connection is not { IsOpen: true })
            {
                await Close();
                var factory = new ConnectionFactory
                {
                    Uri = broker,
                    RequestedConnectionTimeout = Limit,
                    RequestedHeartbeat = TimeSpan.FromSeconds(10),
                    AutomaticRecoveryEnabled = false,
                };
                _connection = await factory.CreateConnectionAsync(cancel);
            }

            return await _connection.CreateChannelAsync(
                new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), cancel);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Messages that wait and consumers that take; null when there is no such queue. Asking needs no rights on the queue.</summary>
    public async Task<QueueDeclareOk?> Look(string queue, CancellationToken cancel)
    {
        // Its own channel: the broker closes it when the queue is not there.
        await using var channel = await Channel(cancel);
        try
        {
            return await channel.QueueDeclarePassiveAsync(queue, cancel);
        }
        catch (OperationInterruptedException exception) when (exception.ShutdownReason?.ReplyCode == NotFound)
        {
            return null;
        }
    }

    /// <summary>Publishes the message as it is; returns when a queue has it for good.</summary>
    public static async Task Publish(
        IChannel channel, string exchange, IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body, IReadOnlyDictionary<string, object?> headers,
        CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Limit);
        var copy = new BasicProperties(properties)
        {
            Persistent = true,
            Headers = new Dictionary<string, object?>(headers),
        };
        await channel.BasicPublishAsync(exchange, "", mandatory: true, copy, body, limit.Token);
    }

    /// <summary>
    /// Takes up to <paramref name="most"/> messages that are in a queue now, one by one, and publishes each to the exchange that is chosen for it. A message
    /// leaves the queue when the broker has confirmed its copy: killed in between, it is there twice, which the inbox makes harmless, and never lost.
    /// </summary>
    public async Task<int> Carry(
        string from, int most, Func<BasicGetResult, Task<(string Exchange, IReadOnlyDictionary<string, object?> Headers)>> to, CancellationToken cancel)
    {
        if (await Look(from, cancel) is not { } queue)
        {
            return 0;
        }

        await using var channel = await Channel(cancel);
        var carried = 0;
        for (var left = Math.Min(queue.MessageCount, (uint)most); left > 0; left--)
        {
            if (await channel.BasicGetAsync(from, autoAck: false, cancel) is not { } message)
            {
                break;
            }

            var (exchange, headers) = await to(message);
            await Publish(channel, exchange, message.BasicProperties, message.Body, headers, cancel);
            await channel.BasicAckAsync(message.DeliveryTag, multiple: false, cancel);
            carried++;
        }

        return carried;
    }

    /// <summary>The broker, not the message, is why it failed.</summary>
    public static bool IsAway(Exception error) =>
        error is OperationCanceledException or TimeoutException or ConnectionException or BrokerUnreachableException or AlreadyClosedException
            or OperationInterruptedException or MessageNotAcknowledgedException or TransportUnavailableException or RabbitMQ.Client.Exceptions.PublishException
        || error.InnerException is { } inner && IsAway(inner);

    public async ValueTask DisposeAsync()
    {
        await Close();
        _one.Dispose();
    }

    private async Task Close()
    {
        if (_connection is { } old)
        {
            _connection = null;
            // Not closed politely: a broker that does not answer would hold us up.
            await old.AbortAsync(TimeSpan.FromSeconds(1));
            await old.DisposeAsync();
        }
    }
}
