using System.Diagnostics.Metrics;
using Dapper;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Npgsql;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Telemetry;

namespace SecondOpinion.ServiceDefaults.Messaging;

/// <summary>What waits and what was given up in a service.</summary>
/// <param name="OutboxWaiting">Events that the broker has not confirmed yet.</param>
/// <param name="OutboxAgeSeconds">Age of the oldest of them; 0 when there is none.</param>
/// <param name="OutboxParked">Events that can never be sent as they are.</param>
/// <param name="Queues">One a handler.</param>
public sealed record MessagingState(long OutboxWaiting, double OutboxAgeSeconds, long OutboxParked, IReadOnlyList<QueueState> Queues);

/// <param name="Waiting">Messages that no consumer has taken yet.</param>
/// <param name="Dead">Messages in its dead queue.</param>
public sealed record QueueState(string Name, long Waiting, long Dead);

/// <summary>
/// Looks at outbox and queues every ten seconds, for the gauges, the health check and the log: a message that was given up is told to somebody.
/// </summary>
internal sealed partial class MessagingWatch : BackgroundJob
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private readonly BrokerLink _link;
    private readonly Queues _queues;
    private readonly NpgsqlDataSource _dataSource;
    private readonly ILogger<MessagingWatch> _logger;

    public MessagingWatch(
        BrokerLink link, Queues queues, NpgsqlDataSource dataSource, ServiceMetrics metrics, BackgroundJobs jobs, ILogger<MessagingWatch> logger)
        : base(jobs)
    {
        (_link, _queues, _dataSource, _logger) = (link, queues, dataSource, logger);
        metrics.Meter.CreateObservableGauge("outbox.age", () => Last.OutboxAgeSeconds, "s", "Age of the oldest event that the broker has not confirmed");
        metrics.Meter.CreateObservableGauge("outbox.waiting", () => Last.OutboxWaiting, "{message}", "Events that the broker has not confirmed");
        metrics.Meter.CreateObservableGauge(
            "outbox.parked", () => Last.OutboxParked, "{message}", "Events that cannot be sent; ./run redrive SERVICE-outbox tries them again");
        metrics.Meter.CreateObservableGauge(
            "queue.waiting", () => Last.Queues.Select(q => Measure(q.Waiting, q)), "{message}", "Messages that no consumer has taken yet");
        metrics.Meter.CreateObservableGauge(
            "queue.dead", () => Last.Queues.Select(q => Measure(q.Dead, q)), "{message}", "Messages that were given up; ./run redrive brings them back");
    }

    /// <summary>As of the last look.</summary>
    public MessagingState Last { get; private set; } = new(0, 0, 0, []);

    /// <summary>As of now.</summary>
    public async Task<MessagingState> Look(CancellationToken cancel)
    {
        await using var db = await _dataSource.OpenConnectionAsync(cancel);
        var (waiting, age, parked) = await db.QuerySingleAsync<(long, double, long)>(
            """
            select
              count(*) filter (where parked_at is null),
              coalesce(extract(epoch from now() - min(created_at) filter (where parked_at is null)), 0)::double precision,
              count(*) filter (where parked_at is not null)
            from outbox
            """);
        var queues = new List<QueueState>();
        foreach (var queue in _queues.All)
        {
            queues.Add(new QueueState(
                queue.Name, (await _link.Look(queue.Name, cancel))?.MessageCount ?? 0, (await _link.Look(queue.Dead, cancel))?.MessageCount ?? 0));
        }

        return new MessagingState(waiting, age, parked, queues);
    }

    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        var now = await Look(cancel);
        foreach (var queue in now.Queues)
        {
            var before = Last.Queues.FirstOrDefault(q => q.Name == queue.Name)?.Dead ?? 0;
            if (queue.Dead > before)
            {
                Log.Dead(_logger, queue.Name, queue.Dead);
            }
            else if (queue.Dead == 0 && before > 0)
            {
                Log.NoneDead(_logger, queue.Name);
            }
        }

        if (now.OutboxParked > Last.OutboxParked)
        {
            Log.Parked(_logger, now.OutboxParked, _queues.Service);
        }

        Last = now;
        return Next.After(Interval);
    }

    private static Measurement<long> Measure(long count, QueueState queue) => new(count, new KeyValuePair<string, object?>("queue", queue.Name));

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "{Queue} has {Count} dead messages: ./run redrive {Queue} --list tells which, ./run redrive {Queue} brings them back")]
        public static partial void Dead(ILogger logger, string queue, long count);

        [LoggerMessage(LogLevel.Information, "{Queue} has no dead messages any more")]
        public static partial void NoneDead(ILogger logger, string queue);

        [LoggerMessage(LogLevel.Warning, "The outbox has {Count} parked events: ./run redrive {Service}-outbox tries them again")]
        public static partial void Parked(ILogger logger, long count, string service);
    }
}

/// <summary>Degraded while something was given up or waits too long: requests are answered, but somebody must look.</summary>
internal sealed class MessagingHealth(MessagingWatch watch) : IHealthCheck
{
    /// <summary>An event is confirmed within seconds; a broker that restarts is back within this.</summary>
    private const double LongestWait = 60;

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var now = watch.Last;
        var wrong = now.Queues.Where(q => q.Dead > 0).Select(q => $"{q.Name} has {q.Dead} dead messages").ToList();
        if (now.OutboxParked > 0)
        {
            wrong.Add($"{now.OutboxParked} events are parked in the outbox");
        }

        if (now.OutboxAgeSeconds > LongestWait)
        {
            wrong.Add($"the oldest of {now.OutboxWaiting} events in the outbox waits for {now.OutboxAgeSeconds:0} s");
        }

        var data = now.Queues.ToDictionary(q => $"dead:{q.Name}", object (q) => q.Dead);
        data["outboxAgeSeconds"] = Math.Round(now.OutboxAgeSeconds);
        data["outboxParked"] = now.OutboxParked;
        return Task.FromResult(wrong.Count == 0 ? HealthCheckResult.Healthy(data: data) : HealthCheckResult.Degraded(string.Join("; ", wrong), data: data));
    }
}
