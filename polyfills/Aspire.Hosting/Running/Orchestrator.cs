using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Running.Processes;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Running;

/// <summary>Starts every resource of the model when the host starts, and stops all of them in reverse order.</summary>
internal sealed class Orchestrator(
    DistributedApplicationModel model,
    HostSettings settings,
    ResourceNotificationService notifications,
    ResourceLoggerService loggers,
    DistributedApplicationExecutionContext execution,
    HostConsole console,
    TimeProvider time,
    IHostApplicationLifetime lifetime,
    IServiceProvider services) : IHostedService, IDisposable
{
    private readonly PortAllocation ports = new();
    private readonly LaunchThread launcher = new();
    private List<Replica> replicas = [];
    private Reaper? reaper;
    private FileStream? dataLock;

    public IReadOnlyList<Replica> Replicas => replicas;

    public PortAllocation Ports => ports;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        notifications.StopWaitingOn(lifetime.ApplicationStopping);
        dataLock = LockDataFolder();
        reaper = new Reaper();
        foreach (var (name, count) in settings.Replicas)
        {
            if (!model.Resources.TryGetByName(name, out var resource) || resource is not ProjectResource)
            {
                throw new DistributedApplicationException($"--replicas names '{name}', which is no project of this application.");
            }

            resource.Annotations.Add(new ReplicaAnnotation(count));
        }

        var around = new Surroundings(notifications, loggers, launcher, reaper, console, time, services);
        foreach (var resource in model.Resources)
        {
            if (CreateLauncher(resource) is not { } kind)
            {
                continue;
            }

            EndpointAllocation.Allocate(resource, ports, settings, console);
            kind.AllocatePorts(ports);
            replicas.AddRange(Enumerable.Range(0, resource.GetReplicaCount()).Select(i => new Replica(resource, i, kind, around)));
        }

        foreach (var replica in replicas)
        {
            replica.Publish(snapshot => snapshot with
            {
                CreationTimeStamp = time.GetUtcNow().UtcDateTime,
                Urls = EndpointAllocation.Urls(replica.Resource, replica.Index),
                Relationships = [.. replica.Resource.Annotations.OfType<ResourceRelationshipAnnotation>()
                    .Select(static relation => new RelationshipSnapshot(relation.Resource.Name, relation.Type))],
            });
        }

        foreach (var replica in replicas.Where(static replica => !replica.Resource.HasAnnotationOfType<ExplicitStartupAnnotation>()))
        {
            replica.Start();
        }

        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        // Those that nothing depends on first; the servers, which all depend on, last. Within a level all at once.
        foreach (var level in replicas.GroupBy(replica => Dependencies.Depth(replica.Resource)).OrderByDescending(static level => level.Key))
        {
            await Task.WhenAll(level.Select(static replica => replica.StopAsync()));
        }

        replicas = [];
        reaper?.Dispose();
        reaper = null;
        ports.Dispose();
        dataLock?.Dispose();
        dataLock = null;
    }

    public void Dispose()
    {
        launcher.Dispose();
        ports.Dispose();
    }

    private Launcher? CreateLauncher(IResource resource) => resource switch
    {
        ProjectResource or ExecutableResource => new ProcessLauncher(resource, execution),
        ILaunched launched => launched.CreateLauncher(settings),
        _ => null,
    };

    private FileStream LockDataFolder()
    {
        try
        {
            Directory.CreateDirectory(settings.DataFolder);
            return new FileStream(Path.Combine(settings.DataFolder, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new DistributedApplicationException(
                $"The data folder {settings.DataFolder} is in use by another host: stop that one, or give another folder with --data.", e);
        }
    }
}

/// <summary>A resource that brings its own way of being run.</summary>
internal interface ILaunched
{
    Launcher CreateLauncher(HostSettings settings);
}
