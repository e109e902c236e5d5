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

            // A start that failed still bears the moment of the end before it, and is no repetition of that.
            if (KnownResourceStates.TerminalStates.Contains(state) && state != KnownResourceStates.FailedToStart
                && change.Snapshot.StopTimeStamp is { } ended)
            {
                if (ended == life.Ended)
                {
                    // The orchestrator tells of an end once more, also when the next life has begun: it is no end of that one.
                    continue;
                }

                life.Ended = ended;
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
        var pause = Shorter(LongestPause, TimeSpan.FromSeconds(Math.Pow(2, Math.Min(life.Crashes - 1, 10))));
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
            await StartUntilItStarts(ended.ResourceId, life, pause, stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops: nothing is to be started any more.
        }
    }

    /// <summary>The orchestrator may refuse a start, fail in it or forget it: it is asked until the state moves.</summary>
    private async Task StartUntilItStarts(string resource, Life life, TimeSpan pause, CancellationToken stoppingToken)
    {
        // Somebody may have started it by hand meanwhile.
        for (var ended = life.Since; await Still(ended);)
        {
            if (await Start(resource, stoppingToken) is not { } refusal)
            {
                pause = LongestPause;
                continue;
            }

            pause = Shorter(LongestPause, pause * 2);
            var report = string.Create(CultureInfo.InvariantCulture, $"could not be started again, next try in {pause.TotalSeconds:0} s: {refusal}");
            logs.GetLogger(resource).LogError("{Report}", report);
            await Console.Error.WriteLineAsync($"{resource}: {report}");
        }

        async Task<bool> Still(long ended)
        {
            await Task.Delay(pause, time, stoppingToken);
            return !_suspended && life.Since == ended && KnownResourceStates.TerminalStates.Contains(life.State);
        }
    }

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;

    /// <summary>Null, or what the orchestrator said.</summary>
    private async Task<string?> Start(string resource, CancellationToken stoppingToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        limit.CancelAfter(LongestPause);
        try
        {
            var result = await commands.ExecuteCommandAsync(resource, KnownResourceCommands.StartCommand, limit.Token).WaitAsync(limit.Token);
            return result.Success ? null : result.Message ?? "the orchestrator refused";
        }
        catch (Exception e) when (!stoppingToken.IsCancellationRequested)
        {
            // Whatever it is, it must not end the watch over this process.
            return e.Message;
        }
    }

    private sealed class Life
    {
        public string? State { get; set; }

        public long Since { get; set; }

        /// <summary>The end that was dealt with last.</summary>
        public DateTime? Ended { get; set; }

        public int Crashes { get; set; }
    }
}
