using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Running;

namespace Aspire.Hosting;

public static class RabbitMQBuilderExtensions
{
    /// <summary>A private RabbitMQ in the data folder, or with <c>Host:RabbitMQ</c> an existing one.</summary>
    public static IResourceBuilder<RabbitMQServerResource> AddRabbitMQ(
        this IDistributedApplicationBuilder builder,
        string name,
        IResourceBuilder<ParameterResource>? userName = null,
        IResourceBuilder<ParameterResource>? password = null,
        int? port = null)
    {
        var secret = password?.Resource
            ?? ParameterResourceBuilderExtensions.CreateDefaultPasswordParameter(builder, $"{name}-password", special: false);
        var endpoint = new EndpointAnnotation(ProtocolType.Tcp, name: RabbitMQServerResource.PrimaryEndpointName, port: port, targetPort: 5672);
        var server = new RabbitMQServerResource(name, userName?.Resource, secret);
        if (HostSettings.Of(builder).RabbitMQ is { } url)
        {
            server.External = Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "amqp" or "amqps"
                ? uri
                : throw new DistributedApplicationException("--rabbitmq takes amqp://user:password@host:port/vhost.");
            endpoint.AllocatedEndpoint = new AllocatedEndpoint(endpoint, uri.Host, uri.Port > 0 ? uri.Port : 5672);
        }

        return builder.AddResource(server).WithAnnotation(endpoint);
    }

    public static IResourceBuilder<RabbitMQServerResource> WithManagementPlugin(this IResourceBuilder<RabbitMQServerResource> builder) =>
        builder.WithManagementPlugin(port: null);

    /// <summary>The broker's own page and HTTP API, and its metrics for Prometheus.</summary>
    public static IResourceBuilder<RabbitMQServerResource> WithManagementPlugin(
        this IResourceBuilder<RabbitMQServerResource> builder, int? port) =>
        builder.Resource.External is { } external
            ? builder.WithAnnotation(Elsewhere(external, HostSettings.Of(builder.ApplicationBuilder).RabbitMQManagement))
            : builder
                .WithEndpoint(port: port, scheme: "http", name: RabbitMQServerResource.ManagementEndpointName)
                .WithEndpoint(scheme: "http", name: RabbitMQServerResource.PrometheusEndpointName);

    /// <summary>The data lie in the host's data folder with or without this.</summary>
    public static IResourceBuilder<RabbitMQServerResource> WithDataVolume(
        this IResourceBuilder<RabbitMQServerResource> builder, string? name = null, bool isReadOnly = false) =>
        builder.WithAnnotation(new ContainerMountAnnotation(
            name ?? $"{builder.Resource.Name}-data", RabbitMQServerResource.DataTarget, ContainerMountType.Volume, isReadOnly));

    /// <summary>The folder that holds the data instead of one in the host's data folder.</summary>
    public static IResourceBuilder<RabbitMQServerResource> WithDataBindMount(
        this IResourceBuilder<RabbitMQServerResource> builder, string source, bool isReadOnly = false) =>
        builder.WithAnnotation(new ContainerMountAnnotation(
            Path.GetFullPath(source, builder.ApplicationBuilder.AppHostDirectory), RabbitMQServerResource.DataTarget, ContainerMountType.BindMount, isReadOnly));

    private static EndpointAnnotation Elsewhere(Uri broker, Uri? management)
    {
        var endpoint = new EndpointAnnotation(ProtocolType.Tcp, management?.Scheme ?? "http", name: RabbitMQServerResource.ManagementEndpointName);
        endpoint.AllocatedEndpoint = new AllocatedEndpoint(endpoint, management?.Host ?? broker.Host, management?.Port ?? 15672);
        return endpoint;
    }
}
