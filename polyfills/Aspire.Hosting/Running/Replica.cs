using System.Collections.Immutable;
using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Running.Processes;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.Running;

/// <summary>The life of one replica of one resource: waits, starts, is watched, restarts when it crashes, stops.</summary>
internal sealed class Replica(IResource resource, int index, Launcher launcher, Surroundings around)
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    /// <summary>A replica that has stayed up this long is no longer blamed for earlier crashes.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(30);

    private const int CrashesInALoop = 4;

    private readonly Lock gate = new();
    private CancellationTokenSource stop = new();
    private Task life = Task.CompletedTask;
    private int restarts;

    public IResource Resource => resource;

    public int Index => index;

    public string Id { get; } = IdOf(resource, index);

    public int Restarts => restarts;

    public int? ProcessId { get; private set; }

    public static string IdOf(IResource resource, int index) =>
        resource.GetReplicaCount() == 1 ? resource.Name : string.Create(CultureInfo.InvariantCulture, $"{resource.Name}-{index}");

    /// <summary>Begins its life, unless it lives.</summary>
    public void Start()
    {
        lock (gate)
        {
            if (life.IsCompleted)
            {
                stop = new CancellationTokenSource();
                life = Task.Run(() => LiveAsync(stop.Token));
            }
        }
    }

    /// <summary>Ends its life in good order and keeps it ended.</summary>
    public async Task StopAsync()
    {
        Task ending;
        lock (gate)
        {
            stop.Cancel();
            ending = life;
        }

        await ending;
    }

    public void Publish(Func<CustomResourceSnapshot, CustomResourceSnapshot> change) =>
        _ = around.Notifications.PublishUpdateAsync(resource, Id, change);

    private async Task LiveAsync(CancellationToken cancellationToken)
    {
        try
        {
            await WaitForDependenciesAsync(cancellationToken);
            await KeepRunningAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            State(KnownResourceStates.Exited, null, "stopped", snapshot => snapshot with { StopTimeStamp = Now() });
        }
        catch (CannotStartException e)
        {
            Fail(KnownResourceStates.FailedToStart, e.Message);
        }
        catch (MissingParameterValueException e)
        {
            Fail(KnownResourceStates.ValueMissing, e.Message);
        }
        catch (Exception e)
        {
            // A defect in the model or the host: the resource shows it, the others go on.
            Fail(KnownResourceStates.FailedToStart, $"{e.GetType().Name}: {e.Message}");
        }
    }

    private async Task KeepRunningAsync(CancellationToken cancellationToken)
    {
        for (var crashes = 0; ; restarts++)
        {
            var started = around.Time.GetTimestamp();
            string ended;
            try
            {
                State(KnownResourceStates.Starting, KnownResourceStateStyles.Info, null);
                var context = new LaunchContext(resource, index, text => Write(text));
                if (await launcher.PrepareAsync(context, cancellationToken) is { } plan)
                {
                    var code = await RunAsync(plan, context, cancellationToken);
                    if (code is 126 or 127 && around.Time.GetElapsedTime(started) < TimeSpan.FromSeconds(2))
                    {
                        throw new CannotStartException($"{plan.Main.FileName} cannot be run: {LastLine()}");
                    }

                    if (code == 0 && !resource.HasAnnotationOfType<EndpointAnnotation>())
                    {
                        State(KnownResourceStates.Finished, KnownResourceStateStyles.Success, null, snapshot => snapshot with { ExitCode = 0, StopTimeStamp = Now() });
                        return;
                    }

                    ended = Describe(code);
                }
                else
                {
                    Running(null, []);
                    await WatchHealthAsync(context, cancellationToken);
                    return;
                }
            }
            catch (Exception e) when (e is not (OperationCanceledException or CannotStartException or MissingParameterValueException))
            {
                ended = e.Message;
            }

            var lasted = around.Time.GetElapsedTime(started);
            crashes = lasted >= Settled ? 1 : crashes + 1;
            var pause = TimeSpan.FromSeconds(Math.Min(LongestPause.TotalSeconds, Math.Pow(2, crashes - 1)));
            var looping = crashes >= CrashesInALoop;
            var reason = string.Create(
                CultureInfo.InvariantCulture, $"{ended} after {lasted.TotalSeconds:0.0} s; starts again in {pause.TotalSeconds:0} s");
            State(
                looping ? KnownResourceStates.CrashLoop : KnownResourceStates.Restarting,
                looping ? KnownResourceStateStyles.Error : KnownResourceStateStyles.Warn,
                reason,
                snapshot => snapshot with { StopTimeStamp = Now() });
            Write(reason);
            if (crashes is 1 or CrashesInALoop)
            {
                around.Console.Failure(Id, looping ? $"crash loop: {reason}" : reason, around.Loggers.Last(Id, 20));
            }

            await Task.Delay(pause, around.Time, cancellationToken);
        }
    }

    private async Task<int> RunAsync(LaunchPlan plan, LaunchContext context, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        List<Task> companions = [.. plan.Companions.Select(companion => AccompanyAsync(companion, ending.Token))];
        ManagedProcess? process = null;
        try
        {
            process = await ManagedProcess.StartAsync(plan.Main, around.Launcher, around.Reaper, Write);
            ProcessId = process.Id;
            Running(process.Id, plan.Shown);
            var health = WatchHealthAsync(context, ending.Token);
            await Task.WhenAny(process.Exited, Task.Delay(Timeout.Infinite, cancellationToken));
            if (cancellationToken.IsCancellationRequested && !process.Exited.IsCompleted)
            {
                State(KnownResourceStates.Stopping, KnownResourceStateStyles.Info, null);
            }

            await ending.CancelAsync();
            if (!await process.StopAsync())
            {
                Write($"did not stop within 10 s and was killed");
            }

            await IgnoringCancellation(health);
        }
        finally
        {
            await ending.CancelAsync();
            ProcessId = null;
            foreach (var companion in companions)
            {
                await IgnoringCancellation(companion);
            }
        }

        cancellationToken.ThrowIfCancellationRequested();
        return await process.Exited;
    }

    /// <summary>Keeps a helper running for as long as the main process runs.</summary>
    private async Task AccompanyAsync(ProcessSpec spec, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var process = await ManagedProcess.StartAsync(spec, around.Launcher, around.Reaper, Write);
            await Task.WhenAny(process.Exited, Task.Delay(Timeout.Infinite, cancellationToken));
            await process.StopAsync();
            await Task.Delay(TimeSpan.FromSeconds(cancellationToken.IsCancellationRequested ? 0 : 1), around.Time, cancellationToken);
        }
    }

    private async Task WatchHealthAsync(LaunchContext context, CancellationToken cancellationToken)
    {
        List<HealthProbe> probes = [.. HealthProbes.Of(resource, index, around.Services), .. launcher.Probes(context)];
        if (probes.Count == 0)
        {
            around.Console.Healthy(this);
            await Task.Delay(Timeout.InfiniteTimeSpan, around.Time, cancellationToken);
        }

        var everHealthy = false;
        while (true)
        {
            var reports = await Task.WhenAll(probes.Select(probe => CheckAsync(probe, cancellationToken)));
            cancellationToken.ThrowIfCancellationRequested();
            var healthy = reports.All(static report => report.Status == HealthStatus.Healthy);
            Publish(snapshot => Same(snapshot.HealthReports, reports) ? snapshot : snapshot with { HealthReports = [.. reports] });
            if (healthy && !everHealthy)
            {
                everHealthy = true;
                around.Console.Healthy(this);
            }

            var pause = healthy ? TimeSpan.FromSeconds(5) : everHealthy ? TimeSpan.FromSeconds(1) : TimeSpan.FromMilliseconds(200);
            await Task.Delay(pause, around.Time, cancellationToken);
        }
    }

    private async Task<HealthReportSnapshot> CheckAsync(HealthProbe probe, CancellationToken cancellationToken)
    {
        string? failure;
        try
        {
            failure = await probe.FailureAsync(cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            failure = e.Message;
        }

        return new HealthReportSnapshot(probe.Name, failure is null ? HealthStatus.Healthy : HealthStatus.Unhealthy, failure, null) { LastRunAt = Now() };
    }

    private async Task WaitForDependenciesAsync(CancellationToken cancellationToken)
    {
        List<WaitAnnotation> waits = [.. resource.Annotations.OfType<WaitAnnotation>()];
        if (resource is IResourceWithParent { Parent: var parent })
        {
            waits.Add(new WaitAnnotation(parent, WaitType.WaitUntilHealthy));
        }

        if (waits.Count == 0)
        {
            return;
        }

        string? said = null;
        await foreach (var _ in around.Notifications.WatchAsync(cancellationToken))
        {
            List<string> missing = [.. waits.Select(Missing).OfType<string>()];
            if (missing.Count == 0)
            {
                return;
            }

            var reason = "waits for " + string.Join(", ", missing);
            if (reason != said)
            {
                said = reason;
                State(KnownResourceStates.Waiting, KnownResourceStateStyles.Info, reason);
            }
        }
    }

    /// <summary>What a dependency still lacks, or null.</summary>
    private string? Missing(WaitAnnotation wait)
    {
        var states = around.Notifications.StatesOf(wait.Resource);
        var unmet = states.FirstOrDefault(state => wait.WaitType switch
        {
            WaitType.WaitUntilHealthy => state.Snapshot.HealthStatus != HealthStatus.Healthy,
            WaitType.WaitUntilStarted => state.Snapshot.State?.Text != KnownResourceStates.Running,
            _ => state.Snapshot.State?.Text != KnownResourceStates.Finished && state.Snapshot.ExitCode != wait.ExitCode,
        });
        if (unmet is null)
        {
            return states.Count == 0 ? wait.Resource.Name : null;
        }

        var state = unmet.Snapshot.State?.Text ?? KnownResourceStates.NotStarted;
        if (wait.WaitBehavior == WaitBehavior.StopOnResourceUnavailable && KnownResourceStates.TerminalStates.Contains(state))
        {
            throw new CannotStartException($"{unmet.ResourceId}, which it needs, is {state}");
        }

        return unmet.Snapshot.HealthStatus is null ? $"{unmet.ResourceId} ({state})" : $"{unmet.ResourceId} ({wait.WaitType switch { WaitType.WaitForCompletion => "to finish", _ => "not healthy yet" }})";
    }

    private void Running(int? processId, IReadOnlyList<EnvironmentVariableSnapshot> environment) => Publish(snapshot => snapshot with
    {
        State = new ResourceStateSnapshot(KnownResourceStates.Running, KnownResourceStateStyles.Success),
        StartTimeStamp = Now(),
        StopTimeStamp = null,
        ExitCode = null,
        EnvironmentVariables = [.. environment],
        HealthReports = [.. HealthProbes.Of(resource, index, around.Services).Concat(launcher.Probes(new LaunchContext(resource, index, static _ => { })))
            .Select(static probe => new HealthReportSnapshot(probe.Name, HealthStatus.Unhealthy, "not checked yet", null))],
        Properties = Known(snapshot, processId, null),
    });

    private void State(
        string state, string? style, string? reason, Func<CustomResourceSnapshot, CustomResourceSnapshot>? change = null) =>
        Publish(snapshot => (change?.Invoke(snapshot) ?? snapshot) with
        {
            State = new ResourceStateSnapshot(state, style),
            Properties = Known(snapshot, ProcessId, reason),
        });

    private ImmutableArray<ResourcePropertySnapshot> Known(CustomResourceSnapshot snapshot, int? processId, string? reason) =>
    [
        .. snapshot.Properties.Where(static property => property.Name is not (ReplicaProperties.Reason or ReplicaProperties.ProcessId or ReplicaProperties.Restarts or ReplicaProperties.Version)),
        .. launcher.Version is { } version ? [new ResourcePropertySnapshot(ReplicaProperties.Version, version)] : (ResourcePropertySnapshot[])[],
        new(ReplicaProperties.Restarts, restarts),
        .. processId is { } id ? [new ResourcePropertySnapshot(ReplicaProperties.ProcessId, id)] : (ResourcePropertySnapshot[])[],
        .. reason is not null ? [new ResourcePropertySnapshot(ReplicaProperties.Reason, reason)] : (ResourcePropertySnapshot[])[],
    ];

    private void Fail(string state, string reason)
    {
        State(state, KnownResourceStateStyles.Error, reason, snapshot => snapshot with { StopTimeStamp = Now() });
        Write(reason);
        around.Console.Failure(Id, $"cannot start: {reason}", around.Loggers.Last(Id, 20));
    }

    private void Write(string text, bool isError = false) => around.Loggers.Write(Id, text, isError);

    private string LastLine() => around.Loggers.Last(Id, 1) is [var last] ? last.Content : "no output";

    private DateTime Now() => around.Time.GetUtcNow().UtcDateTime;

    private static string Describe(int exitCode) => exitCode switch
    {
        137 => "killed (SIGKILL)",
        143 => "ended by SIGTERM",
        139 => "crashed (SIGSEGV)",
        134 => "aborted (SIGABRT)",
        _ => string.Create(CultureInfo.InvariantCulture, $"exited with code {exitCode}"),
    };

    private static bool Same(ImmutableArray<HealthReportSnapshot> before, HealthReportSnapshot[] now) =>
        before.Length == now.Length && before.Zip(now).All(static pair =>
            pair.First.Name == pair.Second.Name && pair.First.Status == pair.Second.Status && pair.First.Description == pair.Second.Description);

    private static async Task IgnoringCancellation(Task task)
    {
        try
        {
            await task;
        }
        catch (OperationCanceledException)
        {
            // It was told to end.
        }
    }
}

internal static class ReplicaProperties
{
    public const string Reason = "resource.reason";
    public const string Restarts = "resource.restarts";
    public const string ProcessId = "executable.pid";
    public const string Version = "server.version";
}

/// <summary>What every replica uses.</summary>
internal sealed record Surroundings(
    ResourceNotificationService Notifications,
    ResourceLoggerService Loggers,
    LaunchThread Launcher,
    Reaper Reaper,
    HostConsole Console,
    TimeProvider Time,
    IServiceProvider Services);
