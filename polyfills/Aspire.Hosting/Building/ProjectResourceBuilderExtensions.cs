using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Running;

namespace Aspire.Hosting;

public static class ProjectResourceBuilderExtensions
{
    /// <summary>A .NET project that is built already; its assembly is run, from the same configuration and framework as the AppHost's own.</summary>
    public static IResourceBuilder<ProjectResource> AddProject(this IDistributedApplicationBuilder builder, string name, string projectPath) =>
        builder.AddResource(new ProjectResource(name))
            .WithAnnotation(new ProjectPathAnnotation(Path.GetFullPath(projectPath, builder.AppHostDirectory)))
            .WithEnvironment(OtlpEnvironment.Add)
            .WithEnvironment(SetUrls);

    public static IResourceBuilder<ProjectResource> WithReplicas(this IResourceBuilder<ProjectResource> builder, int replicas)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(replicas, 1);
        return builder.WithAnnotation(new ReplicaAnnotation(replicas), ResourceAnnotationMutationBehavior.Replace);
    }

    /// <summary>ASPNETCORE_URLS: every HTTP endpoint whose port is not already passed by a variable of its own.</summary>
    private static void SetUrls(EnvironmentCallbackContext context)
    {
        var project = (ProjectResource)context.Resource;
        List<EndpointReference> endpoints = [.. project.GetEndpoints().Where(static endpoint =>
            endpoint.EndpointAnnotation is { UriScheme: "http" or "https", TargetPortEnvironmentVariable: null })];
        if (endpoints.Count > 0)
        {
            context.EnvironmentVariables["ASPNETCORE_URLS"] = new UrlList(endpoints);
        }
    }

    private sealed class UrlList(IReadOnlyList<EndpointReference> endpoints) : IValueProvider
    {
        public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default) =>
            GetValueAsync(new ValueProviderContext(), cancellationToken);

        public ValueTask<string?> GetValueAsync(ValueProviderContext context, CancellationToken cancellationToken = default) =>
            new(string.Join(';', endpoints.Select(endpoint => endpoint.AllocatedFor(context).UriString)));
    }
}
