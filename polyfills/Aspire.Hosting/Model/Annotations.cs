using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Aspire.Hosting.ApplicationModel
{
    public class EnvironmentCallbackAnnotation(Func<EnvironmentCallbackContext, Task> callback) : IResourceAnnotation
    {
        public EnvironmentCallbackAnnotation(Action<EnvironmentCallbackContext> callback)
            : this(context =>
            {
                callback(context);
                return Task.CompletedTask;
            })
        {
        }

        public Func<EnvironmentCallbackContext, Task> Callback { get; } = callback;
    }

    public class EnvironmentCallbackContext(
        DistributedApplicationExecutionContext executionContext,
        IResource resource,
        Dictionary<string, object>? environmentVariables = null,
        CancellationToken cancellationToken = default)
    {
        public Dictionary<string, object> EnvironmentVariables { get; } = environmentVariables ?? [];

        public IResource Resource { get; } = resource;

        public DistributedApplicationExecutionContext ExecutionContext { get; } = executionContext;

        public ILogger Logger { get; set; } = NullLogger.Instance;

        public CancellationToken CancellationToken { get; } = cancellationToken;
    }

    public class CommandLineArgsCallbackAnnotation(Func<CommandLineArgsCallbackContext, Task> callback) : IResourceAnnotation
    {
        public CommandLineArgsCallbackAnnotation(Action<IList<object>> callback)
            : this(context =>
            {
                callback(context.Args);
                return Task.CompletedTask;
            })
        {
        }

        public Func<CommandLineArgsCallbackContext, Task> Callback { get; } = callback;
    }

    public sealed class CommandLineArgsCallbackContext(IList<object> args, IResource resource, CancellationToken cancellationToken = default)
    {
        public IList<object> Args { get; } = args;

        public IResource Resource { get; } = resource;

        public CancellationToken CancellationToken { get; } = cancellationToken;
    }

    public sealed class ReplicaAnnotation(int replicas = 1) : IResourceAnnotation
    {
        public int Replicas { get; } = replicas;
    }

    public sealed class ExplicitStartupAnnotation : IResourceAnnotation;

    public class HealthCheckAnnotation(string key) : IResourceAnnotation
    {
        public string Key { get; } = key;
    }

    public sealed class WaitAnnotation(IResource resource, WaitType waitType, int exitCode = 0) : IResourceAnnotation
    {
        public IResource Resource { get; } = resource;

        public WaitType WaitType { get; } = waitType;

        public int ExitCode { get; } = exitCode;

        public WaitBehavior? WaitBehavior { get; init; }
    }

    public enum WaitType
    {
        WaitUntilHealthy = 0,
        WaitForCompletion = 1,
        WaitUntilStarted = 2,
    }

    public enum WaitBehavior
    {
        WaitOnResourceUnavailable = 0,
        StopOnResourceUnavailable = 1,
    }

    public sealed class ResourceRelationshipAnnotation(IResource resource, string type) : IResourceAnnotation
    {
        public IResource Resource { get; } = resource;

        public string Type { get; } = type;
    }

    public sealed class ContainerMountAnnotation(string? source, string target, ContainerMountType type, bool isReadOnly) : IResourceAnnotation
    {
        public string? Source { get; } = source;

        public string Target { get; } = target;

        public ContainerMountType Type { get; } = type;

        public bool IsReadOnly { get; } = isReadOnly;
    }

    public enum ContainerMountType
    {
        BindMount = 0,
        Volume = 1,
    }

    /// <summary>What <c>WithHttpHealthCheck</c> asks for; each replica is asked on its own address.</summary>
    internal sealed record HttpHealthCheckAnnotation(string? EndpointName, string Path, int StatusCode) : IResourceAnnotation;

    /// <summary>Where a project's assembly is found.</summary>
    internal sealed record ProjectPathAnnotation(string ProjectPath) : IResourceAnnotation;
}
