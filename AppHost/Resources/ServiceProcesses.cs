using SecondOpinion.Servers;

namespace SecondOpinion.AppHost.Resources;

/// <summary>
/// A service as one or more processes. Aspire's own replicas hide behind one address, where a connection stays with one of them; here each has an address of
/// its own and callers know them all, so that calls are spread and step over one that is down (docs/decisions/0050).
/// </summary>
internal sealed class ServiceProcesses(string name, IReadOnlyList<IResourceBuilder<ProjectResource>> all)
{
    public string Name => name;

    public IReadOnlyList<IResourceBuilder<ProjectResource>> All => all;

    /// <summary>Names of those that it calls.</summary>
    public List<string> Callees { get; } = [];

    public ServiceProcesses With(Action<IResourceBuilder<ProjectResource>> configure)
    {
        foreach (var process in all)
        {
            configure(process);
        }

        return this;
    }

    /// <summary>Tells this one where those are: <c>services__NAME__ENDPOINT__0…n</c>, the keys of Aspire's service discovery.</summary>
    public ServiceProcesses Calls(params ServiceProcesses[] others) => With(caller =>
    {
        foreach (var other in others)
        {
            Introduce(caller, other);
        }

        Callees.AddRange(others.Select(other => other.Name).Except(Callees));
    });

    private static void Introduce(IResourceBuilder<ProjectResource> caller, ServiceProcesses other)
    {
        for (var i = 0; i < other.All.Count; i++)
        {
            var callee = other.All[i];
            caller.WithReferenceRelationship(callee);
            foreach (var endpoint in callee.Resource.GetEndpoints())
            {
                caller.WithEnvironment($"services__{other.Name}__{endpoint.EndpointName}__{i}", endpoint);
            }
        }
    }
}

internal static class ServiceProcessesExtensions
{
    /// <summary>A service with its two ports, in as many processes as <c>--replicas</c> says: NAME, or NAME-0, NAME-1 … when there are several.</summary>
    public static ServiceProcesses AddProcesses<TProject>(this IDistributedApplicationBuilder builder, string name, RunOptions options, Ports ports)
        where TProject : IProjectMetadata, new()
    {
        var count = options.Replicas.GetValueOrDefault(name, 1);
        var names = count == 1 || builder.ExecutionContext.IsPublishMode ? [name] : Enumerable.Range(0, count).Select(i => $"{name}-{i}");
        return new ServiceProcesses(name, [.. names.Select(process =>
        {
            var project = builder.AddProject<TProject>(process, settings => settings.ExcludeLaunchProfile = true)
                .OnOwnPort("http", "HTTP_PORT", ports)
                .OnOwnPort("grpc", "GRPC_PORT", ports)
                .WithEndpoint("grpc", endpoint => endpoint.Transport = "http2")
                .RunsAsBuilt();
            return builder.ExecutionContext.IsPublishMode
                ? project.WithReplicas(count)
                : project
                    .WithEnvironment("OTEL_SERVICE_NAME", name)
                    // The JIT's profiles cost a fifth of a start's processor time and pay back after minutes: not where everything starts at once.
                    .WithEnvironment("DOTNET_TieredPGO", Environment.GetEnvironmentVariable("DOTNET_TieredPGO") ?? "0");
        })]);
    }

    /// <summary>
    /// No proxy before it: a process that is down refuses connections, where a proxy would accept them and hang, and who calls can go to another one.
    /// </summary>
    private static IResourceBuilder<ProjectResource> OnOwnPort(this IResourceBuilder<ProjectResource> project, string endpoint, string variable, Ports ports) =>
        project.ApplicationBuilder.ExecutionContext.IsPublishMode
            ? project.WithHttpEndpoint(name: endpoint, env: variable)
            : project.WithHttpEndpoint(port: ports.Take($"{project.Resource.Name}-{endpoint}"), name: endpoint, env: variable, isProxied: false);
}
