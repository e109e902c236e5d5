using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace SecondOpinion.AppHost.Resources;

/// <summary>
/// Starts a process again that ended by itself, which Aspire does not: after 1 s, 2 s, 4 s … 30 s, until it has stayed up for half a minute. What was stopped
/// by its command stays stopped.
/// </summary>
internal sealed class RestartWhatEnds(
    ResourceNotificationService notifications, ResourceCommandService commands, ResourceLoggerService logs, TimeProvider time) : BackgroundService
{
    public const string Restarting = "Restarting";
    public const string CrashLoop = "Crash loop";
    private const int CrashesInALoop = 4;
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(30);
    private readonly ConcurrentDictionary<string, Life> _lives = new();
    private volatile bool _suspended;

    /// <summary>What ends from now on is meant to.</summary>
    public void Suspend() => _suspended = true;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var change in notifications.WatchAsync(stoppingToken))
        {
            if (change.Resource is not (ProjectResource or ExecutableResource) || _suspended)
            {
                continue;
            }

            var life = _lives.GetOrAdd(change.ResourceId, _ => new Life());
            var state = change.Snapshot.State?.Text;
            if (state == life.State || state is Restarting or CrashLoop)
            {
                continue;
            }

            var (before, lasted) = (life.State, time.GetElapsedTime(life.Since));
            (life.State, life.Since) = (state, time.GetTimestamp());
            if (before is not null && before != KnownResourceStates.Stopping && KnownResourceStates.TerminalStates.Contains(state))
            {
                life.Crashes = before == KnownResourceStates.Running && lasted >= Settled ? 1 : life.Crashes + 1;
                _ = StartAgain(change, life, lasted, stoppingToken);
            }
        }
    }

    private async Task StartAgain(ResourceEvent ended, Life life, TimeSpan lasted, CancellationToken stoppingToken)
    {
        var pause = TimeSpan.FromSeconds(Math.Min(LongestPause.TotalSeconds, Math.Pow(2, life.Crashes - 1)));
        var looping = life.Crashes >= CrashesInALoop;
        var how = ended.Snapshot.ExitCode is { } code ? $"ended with {code}" : "did not start";
        var reason = string.Create(CultureInfo.InvariantCulture, $"{how} after {lasted.TotalSeconds:0.0} s; starts again in {pause.TotalSeconds:0} s");
        logs.GetLogger(ended.ResourceId).LogWarning("{Reason}", reason);
        if (life.Crashes is 1 or CrashesInALoop)
        {
            await Console.Error.WriteLineAsync($"{ended.ResourceId}: {(looping ? "crash loop: " : "")}{reason}");
        }

        await notifications.PublishUpdateAsync(ended.Resource, ended.ResourceId, snapshot => snapshot with
        {
            State = looping ? new(CrashLoop, KnownResourceStateStyles.Error) : new(Restarting, KnownResourceStateStyles.Warn),
            Properties = [.. snapshot.Properties.Where(property => property.Name != "Last end"), new("Last end", reason)],
        });
        try
        {
            await Task.Delay(pause, time, stoppingToken);
        }
        catch (OperationCanceledException)
        {
            // The host stops: nothing is to be started any more.
            return;
        }

        // Somebody may have started it by hand meanwhile.
        if (!_suspended && KnownResourceStates.TerminalStates.Contains(life.State))
        {
            await commands.ExecuteCommandAsync(ended.ResourceId, KnownResourceCommands.StartCommand, stoppingToken);
        }
    }

    private sealed class Life
    {
        public string? State { get; set; }

        public long Since { get; set; }

        public int Crashes { get; set; }
    }
}
