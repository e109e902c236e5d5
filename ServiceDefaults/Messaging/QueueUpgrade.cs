using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using SecondOpinion.ServiceDefaults.Background;

namespace SecondOpinion.ServiceDefaults.Messaging;

/// <summary>
/// Replaces queues of an earlier version, whose arguments the broker would not let us change: their messages are moved aside, the queue is made anew, and they
/// are moved back. Every step may be repeated after a crash; MassTransit keeps trying to take its queue until it is as declared. Also empties <c>NAME_error</c>
/// and <c>NAME_skipped</c> of earlier versions into the dead queue.
/// </summary>
internal sealed partial class QueueUpgrade(BrokerLink link, Queues queues, NpgsqlDataSource dataSource, BackgroundJobs jobs, ILogger<QueueUpgrade> logger)
    : BackgroundJob(jobs)
{
    private const ushort OtherArguments = 406;
    private const long LockKey = 0x5EC0_0D0C;

    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        // One instance at a time; the lock goes with its connection.
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        if (!await db.ExecuteScalarAsync<bool>("select pg_try_advisory_lock(@LockKey)", new { LockKey }))
        {
            return Next.After(TimeSpan.FromSeconds(2));
        }

        try
        {
            var inUse = false;
            foreach (var queue in queues.All)
            {
                inUse |= !await Upgrade(queue, cancel);
                await Empty($"{queue.Name}_error", queue, cancel);
                await Empty($"{queue.Name}_skipped", queue, cancel);
            }

            return inUse ? Next.After(TimeSpan.FromSeconds(5)) : Next.Never;
        }
        finally
        {
            await db.ExecuteAsync("select pg_advisory_unlock(@LockKey)", new { LockKey });
        }
    }

    /// <returns>False when an earlier version still takes from it.</returns>
    private async Task<bool> Upgrade(Queue queue, CancellationToken cancel)
    {
        var aside = $"{queue.Name}_aside";
        if (await link.Look(aside, cancel) is null)
        {
            if (await link.Look(queue.Name, cancel) is not { } old || await IsAsDeclared(queue, cancel))
            {
                return true;
            }

            if (old.ConsumerCount > 0)
            {
                Log.InUse(logger, queue.Name);
                return false;
            }

            await PutAside(queue, aside, cancel);
        }

        await MoveBack(queue, aside, cancel);
        return true;
    }

    private async Task<bool> IsAsDeclared(Queue queue, CancellationToken cancel)
    {
        await using var channel = await link.Channel(cancel);
        try
        {
            await Declare(channel, queue.Name, queue.Arguments, cancel);
            return true;
        }
        catch (OperationInterruptedException exception) when (exception.ShutdownReason?.ReplyCode == OtherArguments)
        {
            return false;
        }
    }

    private async Task PutAside(Queue queue, string aside, CancellationToken cancel)
    {
        await using var channel = await link.Channel(cancel);
        await Exchange(channel, queue.Name, cancel);
        await Exchange(channel, aside, cancel);
        await Declare(channel, aside, Queue.DeadArguments, cancel);
        await channel.QueueBindAsync(aside, aside, "", cancellationToken: cancel);
        // From here on new messages go aside; for a moment to both, which the inbox makes harmless.
        await channel.QueueBindAsync(aside, queue.Name, "", cancellationToken: cancel);
        await channel.QueueUnbindAsync(queue.Name, queue.Name, "", cancellationToken: cancel);
        var carried = 0;
        while (await link.Look(queue.Name, cancel) is { MessageCount: > 0 })
        {
            carried += await link.Carry(queue.Name, int.MaxValue, message => To(aside, message), cancel);
        }

        await channel.QueueDeleteAsync(queue.Name, cancellationToken: cancel);
        Log.PutAside(logger, queue.Name, carried);
    }

    private async Task MoveBack(Queue queue, string aside, CancellationToken cancel)
    {
        await using var channel = await link.Channel(cancel);
        // A crash may have left the old one, or a part of it.
        if (await link.Look(queue.Name, cancel) is not null && !await IsAsDeclared(queue, cancel))
        {
            await PutAside(queue, aside, cancel);
        }

        await Declare(channel, queue.Name, queue.Arguments, cancel);
        await channel.QueueBindAsync(queue.Name, queue.Name, "", cancellationToken: cancel);
        await channel.QueueUnbindAsync(aside, queue.Name, "", cancellationToken: cancel);
        while (await link.Look(aside, cancel) is { MessageCount: > 0 })
        {
            await link.Carry(aside, int.MaxValue, message => To(queue.Name, message), cancel);
        }

        await channel.QueueDeleteAsync(aside, cancellationToken: cancel);
        await channel.ExchangeDeleteAsync(aside, cancellationToken: cancel);
    }

    /// <summary>What an earlier version gave up.</summary>
    private async Task Empty(string former, Queue queue, CancellationToken cancel)
    {
        if (await link.Look(former, cancel) is not { } found)
        {
            return;
        }

        await using var channel = await link.Channel(cancel);
        await Exchange(channel, queue.Dead, cancel);
        await Declare(channel, queue.Dead, Queue.DeadArguments, cancel);
        await channel.QueueBindAsync(queue.Dead, queue.Dead, "", cancellationToken: cancel);
        while (await link.Look(former, cancel) is { MessageCount: > 0 })
        {
            await link.Carry(former, int.MaxValue, message => To(queue.Dead, message), cancel);
        }

        await channel.QueueDeleteAsync(former, cancellationToken: cancel);
        await channel.ExchangeDeleteAsync(former, cancellationToken: cancel);
        Log.Emptied(logger, former, found.MessageCount);
    }

    private static Task<(string, IReadOnlyDictionary<string, object?>)> To(string exchange, BasicGetResult message) =>
        Task.FromResult((exchange, DeadLetters.Headers(message.BasicProperties)));

    private static Task Declare(IChannel channel, string name, IReadOnlyDictionary<string, object?> arguments, CancellationToken cancel) =>
        channel.QueueDeclareAsync(
            name, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?>(arguments), cancellationToken: cancel);

    private static Task Exchange(IChannel channel, string name, CancellationToken cancel) =>
        channel.ExchangeDeclareAsync(name, ExchangeType.Fanout, durable: true, autoDelete: false, cancellationToken: cancel);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "{Queue} has the arguments of an earlier version, which still takes from it: it is replaced when that has stopped")]
        public static partial void InUse(ILogger logger, string queue);

        [LoggerMessage(LogLevel.Information, "{Queue} had the arguments of an earlier version and is made anew; {Count} messages were moved aside for it")]
        public static partial void PutAside(ILogger logger, string queue, int count);

        [LoggerMessage(LogLevel.Information, "{Queue} of an earlier version was emptied into the dead queue: {Count} messages")]
        public static partial void Emptied(ILogger logger, string queue, uint count);
    }
}
