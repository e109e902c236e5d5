using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using SecondOpinion.ServiceDefaults.Background;

namespace SecondOpinion.ServiceDefaults.Messaging;

/// <summary>The one bus policy: quorum queues, small prefetch, in-process retries, then <c>&lt;queue&gt;_error</c>. MassTransit stays inside this folder and consumer signatures.</summary>
public static class Messaging
{
    /// <summary>Adds the bus, the outbox relay and the inbox. Each consumer has a queue of its own, named <c>service-consumer</c>.</summary>
    /// <exception cref="InvalidOperationException">The broker's connection string is not set.</exception>
    public static void AddMessaging(this WebApplicationBuilder builder, string service, Action<IBusRegistrationConfigurator>? consumers = null)
    {
        var broker = new Uri(builder.Configuration.GetConnectionString("rabbitmq")
            ?? throw new InvalidOperationException("ConnectionStrings:rabbitmq is not set: the service has no broker. AppHost sets it for local runs."));
        builder.Services.AddSingleton<Inbox>();
        builder.Services.AddJob<OutboxRelay>();
        builder.Services.AddJob<OutboxListener>();
        builder.Services.AddJob<BrokerPolicy>();
        builder.Services.AddMassTransit(x =>
        {
            consumers?.Invoke(x);
            x.SetEndpointNameFormatter(new KebabCaseEndpointNameFormatter(service, includeNamespace: false));
            x.ConfigureHealthCheckOptions(options =>
            {
                options.Name = "broker";
                options.Tags.Clear();
                options.Tags.Add("ready");
                options.MinimalFailureStatus = HealthStatus.Unhealthy;
            });
            x.AddConfigureEndpointsCallback((_, _, endpoint) =>
            {
                // A poison message takes its unacknowledged neighbours along when it kills the process: keep them few.
                endpoint.PrefetchCount = 16;
                endpoint.ConcurrentMessageLimit = 8;
                if (endpoint is IRabbitMqReceiveEndpointConfigurator rabbit)
                {
                    rabbit.SetQuorumQueue();
                }
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
                bus.ConfigureEndpoints(context);
            });
        });
        // Longer than MassTransit's retries: a stop lets what is being consumed finish.
        builder.Services.Configure<MassTransitHostOptions>(options => options.StopTimeout = TimeSpan.FromSeconds(8));
    }
}
