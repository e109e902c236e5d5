using System.Runtime.ExceptionServices;
using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.ServiceDefaults.Messaging;

/// <summary>What becomes of a delivery that fails: it waits for the database, comes again, or lies in the dead queue; it is never gone.</summary>
internal sealed partial class Deliveries(
    DatabaseGate gate, BrokerLink link, IConfiguration configuration, IHostApplicationLifetime lifetime, TimeProvider time,
    ILogger<Deliveries> logger)
{
    /// <summary>
    /// <c>Messaging:LongestHold</c>, below the broker's own limit for an unacknowledged message (its <c>consumer_timeout</c>, 30 minutes), after which that
    /// would count as a failed delivery.
    /// </summary>
    private readonly TimeSpan _longestHold = configuration.GetValue("Messaging:LongestHold", TimeSpan.FromMinutes(20));

    /// <summary>
    /// Runs the handler, again and again while the database is away. After the longest hold the message goes to the end of its queue as a new copy, so that an
    /// outage may last as long as it will.
    /// </summary>
    public async Task Handle(ConsumeContext context, Queue queue, Func<Task> handle)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        while (true)
        {
            var rest = _longestHold - context.ReceiveContext.ElapsedTime;
            try
            {
                await gate.Opened.WaitAsync(rest > TimeSpan.Zero ? rest : TimeSpan.Zero, stop.Token);
            }
            catch (TimeoutException)
            {
                await Publish(context.ReceiveContext, queue.Name, new Dictionary<string, object?>());
                Log.PutBack(logger, queue.Name, context.MessageId);
                return;
            }
            catch (OperationCanceledException)
            {
                // With this token MassTransit neither tries again nor gives up: the message goes back to the broker.
                throw new OperationCanceledException(context.CancellationToken);
            }

            try
            {
                await handle();
                gate.Worked();
                return;
            }
            catch (Exception exception) when (DatabaseFault.IsAway(exception))
            {
                gate.Shut(exception);
            }
        }
    }

    /// <summary>The last try failed, or nothing here handles what came.</summary>
    /// <param name="context">The message as it came.</param>
    /// <param name="queue">Whose dead queue takes it.</param>
    /// <param name="fault">Null when there was no handler.</param>
    public async Task GiveUp(ReceiveContext context, Queue queue, Exception? fault)
    {
        if (fault is not null && lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // What fails while everything is taken apart says nothing about the message: it goes back to the broker.
            ExceptionDispatchInfo.Throw(fault);
        }

        // The type alone: messages of exceptions quote what was worked on.
        var reason = fault?.GetBaseException().GetType().Name ?? DeadLetters.NoHandler;
        await Publish(context, queue.Dead, new Dictionary<string, object?>
        {
            [DeadLetters.ReasonHeader] = reason,
            [DeadLetters.DiedAtHeader] = time.GetUtcNow().ToUnixTimeSeconds(),
        });
        Log.GivenUp(logger, queue.Name, context.GetMessageId(), reason, fault);
    }

    private async Task Publish(ReceiveContext context, string exchange, Dictionary<string, object?> more)
    {
        var rabbit = context.GetPayload<RabbitMqBasicConsumeContext>();
        await using var channel = await link.Channel(CancellationToken.None);
        var headers = new Dictionary<string, object?>(DeadLetters.OwnHeaders(rabbit.Properties).Concat(more));
        await BrokerLink.Publish(channel, exchange, rabbit.Properties, context.Body.GetBytes(), headers, CancellationToken.None);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "{Queue} could not handle message {MessageId} ({Reason}): it is in the dead queue, ./run redrive brings it back")]
        public static partial void GivenUp(ILogger logger, string queue, Guid? messageId, string reason, Exception? fault);

        [LoggerMessage(LogLevel.Information, "{Queue}: message {MessageId} has waited long for the database and goes to the end of its queue")]
        public static partial void PutBack(ILogger logger, string queue, Guid? messageId);
    }

    /// <summary>
    /// MassTransit's ends of the receive pipe, in place of its <c>_error</c> and <c>_skipped</c> queues, which copy the arguments of the queue.
    /// </summary>
    internal sealed class Dead(Deliveries deliveries, Queue queue) : IFilter<ExceptionReceiveContext>, IFilter<ReceiveContext>
    {
        public Task Send(ExceptionReceiveContext context, IPipe<ExceptionReceiveContext> next) => deliveries.GiveUp(context, queue, context.Exception);

        public Task Send(ReceiveContext context, IPipe<ReceiveContext> next) => deliveries.GiveUp(context, queue, null);

        public void Probe(ProbeContext context) => context.CreateFilterScope("dead");
    }
}
