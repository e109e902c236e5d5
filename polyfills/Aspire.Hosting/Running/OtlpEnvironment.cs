using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;

namespace Aspire.Hosting.Running;

/// <summary>Where a project sends its telemetry and under which name, by OpenTelemetry's own variables.</summary>
internal sealed class OtlpEnvironment
{
    /// <summary>Base address of an OTLP/HTTP receiver, once one listens.</summary>
    public string? HttpEndpoint { get; set; }

    /// <summary>Base address of an OTLP/gRPC receiver, once one listens.</summary>
    public string? GrpcEndpoint { get; set; }

    public static void Add(EnvironmentCallbackContext context)
    {
        var variables = context.EnvironmentVariables;
        var receiver = context.ExecutionContext.ServiceProvider.GetRequiredService<OtlpEnvironment>();
        variables["OTEL_SERVICE_NAME"] = context.Resource.Name;
        variables["OTEL_RESOURCE_ATTRIBUTES"] = new InstanceId(context.Resource);
        if ((receiver.HttpEndpoint ?? receiver.GrpcEndpoint) is { } endpoint)
        {
            variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint;
            variables["OTEL_EXPORTER_OTLP_PROTOCOL"] = receiver.HttpEndpoint is null ? "grpc" : "http/protobuf";

            // Seen within a second or so on the page, rather than after the minute that is the default.
            variables["OTEL_BSP_SCHEDULE_DELAY"] = "1000";
            variables["OTEL_BLRP_SCHEDULE_DELAY"] = "1000";
            variables["OTEL_METRIC_EXPORT_INTERVAL"] = "5000";
        }
    }

    private sealed class InstanceId(IResource resource) : IValueProvider
    {
        public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default) => new($"service.instance.id={resource.Name}");

        public ValueTask<string?> GetValueAsync(ValueProviderContext context, CancellationToken cancellationToken = default) =>
            new($"service.instance.id={Replica.IdOf(resource, (context as ReplicaContext)?.Replica ?? 0)}");
    }
}
