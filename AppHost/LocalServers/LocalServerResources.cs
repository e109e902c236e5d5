using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using SecondOpinion.Servers;

namespace SecondOpinion.AppHost.LocalServers;

/// <summary>A server that runs as a process of this machine.</summary>
internal abstract class LocalServerResource(string name, LocalServer server) : ExecutableResource(name, server.Command, server.WorkingDirectory)
{
    /// <summary>Deletes all it keeps; it must be stopped.</summary>
    public void Forget() => server.Forget();
}

/// <summary>What the two have in common.</summary>
internal static class LocalServerResources
{
    public static IResourceBuilder<T> RunsAs<T>(this IResourceBuilder<T> resource, LocalServer server) where T : ExecutableResource
    {
        foreach (var (name, value) in server.Environment)
        {
            resource.WithEnvironment(name, value);
        }

        return resource
            .WithArgs([.. server.Arguments])
            .WithCheck(server.Check)
            .OnBeforeResourceStarted(async (started, before, cancellationToken) =>
            {
                before.Services.GetRequiredService<ResourceLoggerService>().GetLogger(started).LogInformation("{Version}", server.Version);
                await server.Prepare(cancellationToken);
            });
    }

    public static IResourceBuilder<T> WithCheck<T>(this IResourceBuilder<T> resource, Func<CancellationToken, Task> check) where T : IResource
    {
        var key = resource.Resource.Name + "-answers";
        resource.ApplicationBuilder.Services.AddHealthChecks().AddAsyncCheck(key, async cancellationToken =>
        {
            try
            {
                await check(cancellationToken);
                return HealthCheckResult.Healthy();
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                return HealthCheckResult.Unhealthy(exception.Message, exception);
            }
        });
        return resource.WithHealthCheck(key);
    }
}
