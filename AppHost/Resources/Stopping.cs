using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;

namespace SecondOpinion.AppHost.Resources;

/// <summary>
/// Stops the services first, then what they stand on, and ends when the last process is gone: by itself the host would leave while its children still stop.
/// </summary>
internal static class Stopping
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static async Task Stop(DistributedApplication app, IReadOnlyList<IResource> resources)
    {
        app.Services.GetRequiredService<RestartWhatEnds>().Suspend();
        var processes = resources.Select(resource => ProcessOf(app, resource)).OfType<Process>().ToList();
        await StopAll(app, resources.Where(resource => resource is ProjectResource));
        await StopAll(app, resources.Where(resource => resource is ExecutableResource));
        await app.StopAsync();
        using var limit = new CancellationTokenSource(Patience);
        foreach (var process in processes)
        {
            await process.WaitForExitAsync(limit.Token);
            process.Dispose();
        }
    }

    private static Task StopAll(DistributedApplication app, IEnumerable<IResource> resources)
    {
        var commands = app.Services.GetRequiredService<ResourceCommandService>();
        return Task.WhenAll(resources.Select(resource => commands.ExecuteCommandAsync(resource, KnownResourceCommands.StopCommand)));
    }

    private static Process? ProcessOf(DistributedApplication app, IResource resource)
    {
        if (!app.ResourceNotifications.TryGetCurrentState(resource.Name, out var current)
            || current.Snapshot.Properties.FirstOrDefault(property => property.Name == "executable.pid")?.Value is not { } value)
        {
            return null;
        }

        try
        {
            return Process.GetProcessById(Convert.ToInt32(value, System.Globalization.CultureInfo.InvariantCulture));
        }
        catch (ArgumentException)
        {
            // Ended already.
            return null;
        }
    }
}
