using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>The states of all resources, and waiting for one of them.</summary>
public class ResourceNotificationService : IDisposable
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, ResourceEvent> current = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<Channel<ResourceEvent>> watchers = [];
    private CancellationToken stopping;
    private bool disposed;

    internal ResourceNotificationService()
    {
    }

    public Task PublishUpdateAsync(IResource resource, Func<CustomResourceSnapshot, CustomResourceSnapshot> stateFactory) =>
        PublishUpdateAsync(resource, resource.Name, stateFactory);

    public Task PublishUpdateAsync(IResource resource, string resourceId, Func<CustomResourceSnapshot, CustomResourceSnapshot> stateFactory)
    {
        lock (gate)
        {
            var before = current.TryGetValue(resourceId, out var known) ? known.Snapshot : Initial(resource);
            var after = stateFactory(before);
            if (known is not null && ReferenceEquals(before, after))
            {
                return Task.CompletedTask;
            }

            var update = new ResourceEvent(resource, resourceId, after);
            current[resourceId] = update;
            foreach (var watcher in watchers)
            {
                watcher.Writer.TryWrite(update);
            }
        }

        return Task.CompletedTask;
    }

    public bool TryGetCurrentState(string resourceId, [NotNullWhen(true)] out ResourceEvent? resourceEvent)
    {
        lock (gate)
        {
            // Asked by the resource's own name, the first of several replicas answers.
            return current.TryGetValue(resourceId, out resourceEvent) || current.TryGetValue(resourceId + "-0", out resourceEvent);
        }
    }

    /// <summary>Every state that is known now, then each change.</summary>
    public async IAsyncEnumerable<ResourceEvent> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var channel = Channel.CreateUnbounded<ResourceEvent>();
        lock (gate)
        {
            foreach (var state in current.Values)
            {
                channel.Writer.TryWrite(state);
            }

            watchers.Add(channel);
            if (disposed)
            {
                channel.Writer.TryComplete();
            }
        }

        try
        {
            await foreach (var update in channel.Reader.ReadAllAsync(cancellationToken))
            {
                yield return update;
            }
        }
        finally
        {
            lock (gate)
            {
                watchers.Remove(channel);
            }
        }
    }

    public Task WaitForResourceAsync(string resourceName, string? targetState = null, CancellationToken cancellationToken = default) =>
        WaitForResourceAsync(resourceName, [targetState ?? KnownResourceStates.Running], cancellationToken);

    public async Task<string> WaitForResourceAsync(
        string resourceName, IEnumerable<string> targetStates, CancellationToken cancellationToken = default)
    {
        string[] states = [.. targetStates];
        var reached = await WaitForResourceAsync(
            resourceName, update => states.Contains(update.Snapshot.State?.Text, StringComparer.OrdinalIgnoreCase), cancellationToken);
        return reached.Snapshot.State!.Text;
    }

    public async Task<ResourceEvent> WaitForResourceAsync(
        string resourceName, Func<ResourceEvent, bool> predicate, CancellationToken cancellationToken = default)
    {
        await foreach (var update in WatchUntilStoppingAsync(cancellationToken))
        {
            if (Names(resourceName, update) && predicate(update))
            {
                return update;
            }
        }

        throw new OperationCanceledException($"The application stopped while '{resourceName}' was waited for.");
    }

    /// <summary>Waits until every replica is healthy.</summary>
    public Task<ResourceEvent> WaitForResourceHealthyAsync(string resourceName, CancellationToken cancellationToken = default) =>
        WaitForResourceHealthyAsync(resourceName, WaitBehavior.WaitOnResourceUnavailable, cancellationToken);

    public async Task<ResourceEvent> WaitForResourceHealthyAsync(
        string resourceName, WaitBehavior waitBehavior, CancellationToken cancellationToken = default)
    {
        await foreach (var update in WatchUntilStoppingAsync(cancellationToken))
        {
            if (!Names(resourceName, update))
            {
                continue;
            }

            if (waitBehavior == WaitBehavior.StopOnResourceUnavailable
                && KnownResourceStates.TerminalStates.Contains(update.Snapshot.State?.Text))
            {
                throw new DistributedApplicationException(
                    $"Stopped waiting for resource '{resourceName}' to become healthy because it is in the state '{update.Snapshot.State!.Text}'.");
            }

            if (StatesOf(update.Resource).All(static state => state.Snapshot.HealthStatus == HealthStatus.Healthy))
            {
                return update;
            }
        }

        throw new OperationCanceledException($"The application stopped while '{resourceName}' was waited for.");
    }

    public void Dispose()
    {
        lock (gate)
        {
            disposed = true;
            watchers.ForEach(static watcher => watcher.Writer.TryComplete());
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Nobody waits for a resource of an application that is going down.</summary>
    internal void StopWaitingOn(CancellationToken applicationStopping) => stopping = applicationStopping;

    internal IReadOnlyList<ResourceEvent> StatesOf(IResource resource)
    {
        lock (gate)
        {
            return [.. current.Values.Where(state => state.Resource == resource)];
        }
    }

    internal IReadOnlyList<ResourceEvent> All()
    {
        lock (gate)
        {
            return [.. current.Values];
        }
    }

    private async IAsyncEnumerable<ResourceEvent> WatchUntilStoppingAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopping);
        await foreach (var update in WatchAsync(either.Token))
        {
            yield return update;
        }
    }

    private static bool Names(string resourceName, ResourceEvent update) =>
        string.Equals(update.Resource.Name, resourceName, StringComparison.OrdinalIgnoreCase)
        || string.Equals(update.ResourceId, resourceName, StringComparison.OrdinalIgnoreCase);

    private static CustomResourceSnapshot Initial(IResource resource) => new()
    {
        ResourceType = resource switch
        {
            ProjectResource => "Project",
            ContainerResource => "Server",
            ExecutableResource => "Executable",
            PostgresDatabaseResource => "Database",
            ParameterResource => "Parameter",
            _ => resource.GetType().Name.Replace("Resource", "", StringComparison.Ordinal),
        },
        Properties = [],
        State = KnownResourceStates.NotStarted,
    };
}
