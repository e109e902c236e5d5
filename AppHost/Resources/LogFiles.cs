using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;

namespace SecondOpinion.AppHost.Resources;

/// <summary>What every process prints, in <c>logs/NAME.log</c> of the data folder; the last run's is kept beside it as <c>NAME.1.log</c>.</summary>
internal sealed class LogFiles(ResourceNotificationService notifications, ResourceLoggerService logs, RunOptions options) : BackgroundService
{
    private readonly ConcurrentDictionary<string, Task> _writing = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Directory.CreateDirectory(options.LogFolder);
        await foreach (var change in notifications.WatchAsync(stoppingToken))
        {
            if (change.Resource is (ProjectResource or ExecutableResource or ContainerResource) && !change.Snapshot.IsHidden)
            {
                _ = _writing.GetOrAdd(change.ResourceId, id => Write(id, change.Resource.Name, stoppingToken));
            }
        }
    }

    private async Task Write(string id, string name, CancellationToken stoppingToken)
    {
        var file = Path.Combine(options.LogFolder, name + ".log");
        if (File.Exists(file))
        {
            File.Move(file, Path.Combine(options.LogFolder, name + ".1.log"), overwrite: true);
        }

        await using var writer = new StreamWriter(file) { AutoFlush = true };
        try
        {
            await foreach (var batch in logs.WatchAsync(id).WithCancellation(stoppingToken))
            {
                foreach (var line in batch)
                {
                    await writer.WriteLineAsync(line.Content);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
            return;
        }
    }
}
