using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.ServiceDefaults.Background;

/// <summary>
/// The one base of work that runs beside the requests. Whatever a pass throws ends neither the job nor the process: it is logged, told to the health check and
/// the job's gauge, and tried again after a pause that doubles from one second to a minute. Inside a pass <see cref="Each"/> keeps one bad item from holding up
/// the others.
/// </summary>
public abstract partial class BackgroundJob(BackgroundJobs jobs) : BackgroundService
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestPutOff = TimeSpan.FromHours(1);
    private readonly SemaphoreSlim _wake = new(0);
    private readonly Dictionary<Guid, (int Failures, DateTimeOffset Until)> _putOff = [];
    private ILogger? _logger;

    /// <summary>When to look again.</summary>
    protected readonly record struct Next(TimeSpan? Wait, bool Wakeable = true)
    {
        /// <summary>There is more to do.</summary>
        public static Next Now => new(TimeSpan.Zero);

        /// <summary>The job is done for the life of this process.</summary>
        public static Next Never => new(null);

        /// <summary>Nothing to do until then, unless <see cref="BackgroundJob.Wake"/> is called.</summary>
        public static Next After(TimeSpan wait) => new(wait);

        /// <summary>What it needs is away: nothing before, whoever calls.</summary>
        public static Next NotBefore(TimeSpan wait) => new(wait, Wakeable: false);
    }

    /// <summary>Passes that may run at one time.</summary>
    protected virtual int Workers => 1;

    /// <summary>Items that failed and whose time has not come again: a pass leaves them out of what it looks for.</summary>
    protected Guid[] PutOff
    {
        get
        {
            lock (_putOff)
            {
                var now = jobs.Time.GetUtcNow();
                return [.. _putOff.Where(item => item.Value.Until > now).Select(item => item.Key)];
            }
        }
    }

    /// <summary>The clock of this process.</summary>
    protected TimeProvider Time => jobs.Time;

    private ILogger Logger => _logger ??= jobs.Loggers.CreateLogger(GetType());

    private string Name => GetType().Name;

    /// <summary>There is something to do here and now.</summary>
    public void Wake()
    {
        if (_wake.CurrentCount < Workers)
        {
            _wake.Release();
        }
    }

    /// <summary>One round of the work; may throw.</summary>
    protected abstract Task<Next> Pass(CancellationToken cancel);

    /// <summary>For a pass that lasts: it works at this moment.</summary>
    protected void Working() => jobs.Succeeded(Name);

    protected sealed override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        jobs.Succeeded(Name);
        return Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => Task.Run(() => Run(stoppingToken), CancellationToken.None)));
    }

    /// <summary>
    /// Works on every item by itself. One that throws is logged, counted and put off (a second, doubling, at most an hour); the others go on. A database or a
    /// service that is away is not the item's fault: that ends the pass.
    /// </summary>
    /// <returns>How many succeeded.</returns>
    protected async Task<int> Each(IEnumerable<Guid> items, Func<Guid, Task> work, CancellationToken cancel)
    {
        var succeeded = 0;
        foreach (var item in items)
        {
            cancel.ThrowIfCancellationRequested();
            try
            {
                await work(item);
                succeeded++;
                lock (_putOff)
                {
                    _putOff.Remove(item);
                }
            }
            catch (Exception exception) when (!DatabaseFault.IsAway(exception) && !cancel.IsCancellationRequested)
            {
                PutItemOff(item, exception);
            }
        }

        return succeeded;
    }

    private void PutItemOff(Guid item, Exception exception)
    {
        jobs.ItemFailed(Name);
        Log.ItemFailed(Logger, Name, item, exception);
        lock (_putOff)
        {
            var now = jobs.Time.GetUtcNow();
            var failures = _putOff.GetValueOrDefault(item).Failures + 1;
            _putOff[item] = (failures, now + Doubled(failures, LongestPutOff));
            // What has not come again for a day was settled elsewhere.
            foreach (var old in _putOff.Where(p => p.Value.Until < now.AddDays(-1)).Select(p => p.Key).ToList())
            {
                _putOff.Remove(old);
            }
        }
    }

    private async Task Run(CancellationToken stop)
    {
        var failures = 0;
        while (!stop.IsCancellationRequested)
        {
            Next next;
            try
            {
                next = await Pass(stop);
                failures = 0;
                jobs.Succeeded(Name);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                // Nobody wakes a job out of the pause after a failure: that would be no pause.
                next = Next.NotBefore(Doubled(++failures, LongestPause));
                jobs.Failed(Name, exception);
                Log.PassFailed(Logger, Name, failures, next.Wait!.Value.TotalSeconds, exception);
            }

            if (next.Wait is not { } wait || (wait > TimeSpan.Zero && !await Rested(wait, next.Wakeable, stop)))
            {
                return;
            }
        }
    }

    /// <returns>False when the service stops.</returns>
    private async Task<bool> Rested(TimeSpan wait, bool wakeable, CancellationToken stop)
    {
        try
        {
            await (wakeable ? _wake.WaitAsync(wait, stop) : Task.Delay(wait, jobs.Time, stop));
            return true;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return false;
        }
    }

    private static TimeSpan Doubled(int failures, TimeSpan longest)
    {
        var wait = FirstPause * Math.Pow(2, Math.Min(failures - 1, 20));
        return wait < longest ? wait : longest;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "{Job} failed {Failures} times in a row; again in {Seconds} s")]
        public static partial void PassFailed(ILogger logger, string job, int failures, double seconds, Exception exception);

        [LoggerMessage(LogLevel.Error, "{Job}: item {Item} failed and is put off; the others go on")]
        public static partial void ItemFailed(ILogger logger, string job, Guid item, Exception exception);
    }
}
