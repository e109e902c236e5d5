using System.Reflection;
using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Options;

namespace SecondOpinion.ServiceDefaults.Messaging;

/// <summary>
/// The one bus policy: quorum queues, small prefetch, in-process retries, then <c>&lt;queue&gt;_dead</c>; deliveries wait while the database is away.
/// MassTransit stays inside this folder.
/// </summary>
public static class MessagingRegistration
{
    /// <summary>Adds the bus, the outbox relay and the inbox.</summary>
    /// <exception cref="InvalidOperationException">The broker's connection string is not set.</exception>
    public static void AddMessaging(this WebApplicationBuilder builder, string service, Action<Handlers>? hears = null)
    {
        var broker = new Uri(builder.Configuration.GetConnectionString("rabbitmq")
            ?? throw new InvalidOperationException("ConnectionStrings:rabbitmq is not set: the service has no broker. AppHost sets it for local runs."));
        builder.Services.AddSingleton<Inbox>();
        builder.Services.AddJob<OutboxRelay>();
        builder.Services.AddJob<OutboxListener>();
        builder.AddSettings<OutboxSettings>();
        builder.Services.AddJob<ResendSent>();
        var handlers = new Handlers();
        hears?.Invoke(handlers);
        builder.Services.AddSingleton(new Queues(service, [.. handlers.All.Select(handler => Queues.Of(service, handler))]));
        builder.Services.AddSingleton(_ => new BrokerLink(broker));
        builder.Services.AddSingleton<DatabaseGate>();
        builder.Services.AddSingleton<Deliveries>();
        builder.Services.AddSingleton<DeadLetters>();
        builder.Services.AddJob<QueueUpgrade>();
        builder.Services.AddJob<MessagingWatch>();
        builder.Services.AddHealthChecks().AddCheck<MessagingHealth>("messages", tags: ["ready"]);
        foreach (var handler in handlers.All)
        {
            builder.Services.AddScoped(handler);
        }

        builder.Services.AddMassTransit(x =>
        {
            x.ConfigureHealthCheckOptions(options =>
            {
                options.Name = "broker";
                options.Tags.Clear();
                options.Tags.Add("ready");
                options.MinimalFailureStatus = HealthStatus.Unhealthy;
            });
            x.UsingRabbitMq((context, bus) =>
            {
                bus.Host(broker, host =>
                {
                    host.PublisherConfirmation = true;
                    host.Heartbeat(TimeSpan.FromSeconds(10));
                    host.RequestedConnectionTimeout(TimeSpan.FromSeconds(5));
                });
                // Delayed redelivery needs a broker plugin that Debian does not ship: retries stay in the process, about 10 s in all.
                bus.UseMessageRetry(retry => retry.Exponential(6, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(5), TimeSpan.FromMilliseconds(200)));
                foreach (var handler in handlers.All)
                {
                    Take(bus, context, Queues.Of(service, handler), handler);
                }
            });
        });
        // Started by BusStart instead.
        builder.Services.RemoveMassTransitHostedService();
        builder.Services.AddHostedService<BusStart>();
    }

    private static void Take(IRabbitMqBusFactoryConfigurator bus, IBusRegistrationContext services, Queue queue, Type handler) =>
        bus.ReceiveEndpoint(queue.Name, endpoint =>
    {
        // A poison message takes its unacknowledged neighbours along when it kills the process: keep them few.
        endpoint.PrefetchCount = 16;
        endpoint.ConcurrentMessageLimit = 8;
        // Nobody hears MassTransit's Fault<…>, which repeats the message and the exception's text; its exchanges are not the service's to make.
        endpoint.PublishFaults = false;
        foreach (var (name, value) in queue.Arguments)
        {
            endpoint.SetQueueArgument(name, value);
        }

        endpoint.BindDeadLetterQueue(queue.Dead, queue.Dead, dead =>
        {
            foreach (var (name, value) in Queue.DeadArguments)
            {
                dead.SetQueueArgument(name, value);
            }
        });
        var deliveries = services.GetRequiredService<Deliveries>();
        endpoint.ConfigureError(pipe => pipe.UseFilter(new Deliveries.Dead(deliveries, queue)));
        endpoint.ConfigureDeadLetter(pipe => pipe.UseFilter(new Deliveries.Dead(deliveries, queue)));
        foreach (var heard in Handlers.Events(handler))
        {
            HearMethod.MakeGenericMethod(handler, heard).Invoke(null, [endpoint, services, deliveries, queue]);
        }
    });

    private static readonly MethodInfo HearMethod = typeof(MessagingRegistration).GetMethod(nameof(Hear), BindingFlags.NonPublic | BindingFlags.Static)!;

    private static void Hear<THandler, TEvent>(IReceiveEndpointConfigurator endpoint, IServiceProvider services, Deliveries deliveries, Queue queue)
        where THandler : IHandle<TEvent> where TEvent : class =>
        endpoint.Handler<TEvent>(context =>
        {
            var messageId = context.MessageId ?? throw new InvalidOperationException(
                $"A {typeof(TEvent).Name} came without a message id: it cannot be told from a redelivery.");
            return deliveries.Handle(context, queue, async () =>
            {
                await using var scope = services.CreateAsyncScope();
                await scope.ServiceProvider.GetRequiredService<THandler>().Handle(new Delivery<TEvent>(context.Message, messageId, context.CancellationToken));
            });
        });
}
