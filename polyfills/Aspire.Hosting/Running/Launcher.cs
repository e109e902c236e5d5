using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Running.Processes;

namespace Aspire.Hosting.Running;

/// <summary>How one kind of resource is brought to life. One launcher serves all replicas of one resource.</summary>
internal abstract class Launcher
{
    /// <summary>Product and version, once known.</summary>
    public string? Version { get; protected set; }

    /// <summary>
    /// Does what must be done before (data folder, configuration file, environment) and says what to run; null when there is no process,
    /// as for a database or an existing server.
    /// </summary>
    public abstract Task<LaunchPlan?> PrepareAsync(LaunchContext context, CancellationToken cancellationToken);

    /// <summary>Checks that belong to the kind, besides those that the model asks for.</summary>
    public virtual IEnumerable<HealthProbe> Probes(LaunchContext context) => [];

    /// <summary>Ports that the kind needs beside its endpoints are taken here, before anything starts.</summary>
    public virtual void AllocatePorts(PortAllocation ports)
    {
    }
}

/// <summary>Which replica is meant, and where it writes what it does.</summary>
internal sealed record LaunchContext(IResource Resource, int Replica, Action<string> Log);

/// <param name="Main">The process whose life is the resource's life.</param>
/// <param name="Companions">Helpers that run as long as it does, started before it and ended after it.</param>
internal sealed record LaunchPlan(ProcessSpec Main, IReadOnlyList<ProcessSpec> Companions)
{
    public LaunchPlan(ProcessSpec main)
        : this(main, [])
    {
    }

    /// <summary>Its environment as the resource page shows it.</summary>
    public IReadOnlyList<EnvironmentVariableSnapshot> Shown { get; init; } = [];
}

/// <param name="Name">What is checked.</param>
/// <param name="FailureAsync">Null when healthy, else what is wrong.</param>
internal sealed record HealthProbe(string Name, Func<CancellationToken, Task<string?>> FailureAsync);

/// <summary>The resource cannot start, and trying again would not help. The message is one line for people.</summary>
internal sealed class CannotStartException(string message) : Exception(message);
