using SecondOpinion.Servers;

namespace SecondOpinion.AppHost.LocalServers;

/// <summary>RabbitMQ as a process of this machine: what <c>AddRabbitMQ</c> is where a container engine answers.</summary>
internal sealed class LocalRabbitMQResource(string name, RabbitMQServer server, ParameterResource password)
    : LocalServerResource(name, server), IResourceWithConnectionString
{
    public EndpointReference Endpoint => field ??= new(this, "tcp");

    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create(
        $"amqp://{RabbitMQServer.User}:{password}@{Endpoint.Property(EndpointProperty.Host)}:{Endpoint.Property(EndpointProperty.Port)}");
}

internal static class LocalRabbitMQ
{
    public static IResourceBuilder<LocalRabbitMQResource> AddLocalRabbitMQ(
        this IDistributedApplicationBuilder builder, string name, RabbitMQServer server, IResourceBuilder<ParameterResource> password) => builder
        .AddResource(new LocalRabbitMQResource(name, server, password.Resource))
        .WithEndpoint(port: server.Port, targetPort: server.Port, scheme: "tcp", name: "tcp", isProxied: false)
        .WithHttpEndpoint(port: server.ManagementPort, targetPort: server.ManagementPort, name: "management", isProxied: false)
        .RunsAs(server);
}
