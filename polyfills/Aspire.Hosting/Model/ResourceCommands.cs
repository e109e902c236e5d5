using Aspire.Hosting.Running;
using Microsoft.Extensions.DependencyInjection;

namespace Aspire.Hosting.ApplicationModel;

public static class KnownResourceCommands
{
    public static readonly string StartCommand = "start";
    public static readonly string StopCommand = "stop";
    public static readonly string RestartCommand = "restart";
}

public sealed class ExecuteCommandResult
{
    public required bool Success { get; init; }

    public bool Canceled { get; init; }

    public string? Message { get; init; }
}

/// <summary>Start, stop and restart of one replica, or of all replicas when the resource is named.</summary>
public class ResourceCommandService
{
    private readonly IServiceProvider services;

    internal ResourceCommandService(IServiceProvider services) => this.services = services;

    public Task<ExecuteCommandResult> ExecuteCommandAsync(IResource resource, string commandName, CancellationToken cancellationToken = default) =>
        ExecuteCommandAsync(resource.Name, commandName, cancellationToken);

    public async Task<ExecuteCommandResult> ExecuteCommandAsync(string resourceId, string commandName, CancellationToken cancellationToken = default)
    {
        List<Replica> replicas = [.. services.GetRequiredService<Orchestrator>().Replicas.Where(replica =>
            string.Equals(replica.Id, resourceId, StringComparison.OrdinalIgnoreCase)
            || string.Equals(replica.Resource.Name, resourceId, StringComparison.OrdinalIgnoreCase))];
        if (replicas.Count == 0)
        {
            return new ExecuteCommandResult { Success = false, Message = $"Resource '{resourceId}' not found." };
        }

        if (commandName != KnownResourceCommands.StartCommand
            && commandName != KnownResourceCommands.StopCommand
            && commandName != KnownResourceCommands.RestartCommand)
        {
            return new ExecuteCommandResult { Success = false, Message = $"Command '{commandName}' not available for resource '{resourceId}'." };
        }

        if (commandName != KnownResourceCommands.StartCommand)
        {
            await Task.WhenAll(replicas.Select(static replica => replica.StopAsync())).WaitAsync(cancellationToken);
        }

        if (commandName != KnownResourceCommands.StopCommand)
        {
            replicas.ForEach(static replica => replica.Start());
        }

        return new ExecuteCommandResult { Success = true };
    }
}
