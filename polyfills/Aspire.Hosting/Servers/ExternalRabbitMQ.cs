using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Running;

namespace Aspire.Hosting.Servers;

/// <summary>A broker that others run: nothing to start, only to be watched.</summary>
internal sealed class ExternalRabbitMQ(RabbitMQServerResource server) : Launcher
{
    public override Task<LaunchPlan?> PrepareAsync(LaunchContext context, CancellationToken cancellationToken)
    {
        context.Log($"existing broker {server.External!.Host}:{server.External.Port}");
        return Task.FromResult<LaunchPlan?>(null);
    }

    public override IEnumerable<HealthProbe> Probes(LaunchContext context) =>
        [new("AMQP login", cancellationToken => AmqpProbe.FailureAsync(server.External!, cancellationToken))];
}
