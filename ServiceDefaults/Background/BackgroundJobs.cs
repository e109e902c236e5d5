using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SecondOpinion.ServiceDefaults.Telemetry;

namespace SecondOpinion.ServiceDefaults.Background;

/// <summary>How the background work of this process fares, for the health check and the meters; and what every job needs.</summary>
public sealed class BackgroundJobs
{
    private readonly ConcurrentDictionary<string, JobState> _states = new();
    private readonly Counter<long> _items;

    public BackgroundJobs(TimeProvider time, ILoggerFactory loggers, ServiceMetrics metrics)
    {
        (Time, Loggers) = (time, loggers);
        _items = metrics.Meter.CreateCounter<long>("background.items.failed", "{item}", "Items that a background job put off, by job");
        metrics.Meter.CreateObservableGauge(
            "background.failures", () => _states.Select(s => new Measurement<int>(s.Value.Failures, new KeyValuePair<string, object?>("job", s.Key))),
            "{failure}", "Failures in a row of each background job; 0 while it works");
    }

    /// <param name="Failures">In a row; 0 while it works.</param>
    /// <param name="LastError">Type of the last exception; empty while it works.</param>
    public sealed record JobState(int Failures, DateTimeOffset Since, string LastError);

    public IReadOnlyDictionary<string, JobState> States => _states;

    internal TimeProvider Time { get; }

    internal ILoggerFactory Loggers { get; }

    internal void Succeeded(string job)
    {
        if (!_states.TryGetValue(job, out var state) || state.Failures > 0)
        {
            _states[job] = new JobState(0, Time.GetUtcNow(), "");
        }
    }

    internal void Failed(string job, Exception exception) => _states.AddOrUpdate(
        job, _ => new JobState(1, Time.GetUtcNow(), exception.GetType().Name),
        (_, state) => new JobState(state.Failures + 1, state.Failures == 0 ? Time.GetUtcNow() : state.Since, exception.GetType().Name));

    internal void ItemFailed(string job) => _items.Add(1, new KeyValuePair<string, object?>("job", job));
}

/// <summary>Degraded, never unhealthy: requests are answered while a job is behind.</summary>
internal sealed class BackgroundHealth(BackgroundJobs jobs) : IHealthCheck
{
    /// <summary>A restart of the database or the broker is shorter.</summary>
    private const int FailuresToTell = 3;

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var failing = jobs.States.Where(s => s.Value.Failures >= FailuresToTell).ToList();
        return Task.FromResult(failing.Count == 0
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Degraded(
                string.Join("; ", failing.Select(s => $"{s.Key} fails since {s.Value.Since:O} ({s.Value.LastError}, {s.Value.Failures} times)")),
                data: failing.ToDictionary(s => s.Key, object (s) => s.Value.Failures)));
    }
}

/// <summary>Registration of background work.</summary>
public static class BackgroundRegistration
{
    /// <summary>Adds a job as a singleton that others may ask for, started with the service in the order of registration.</summary>
    public static IServiceCollection AddJob<T>(this IServiceCollection services) where T : class, IHostedService
    {
        services.AddSingleton<T>();
        return services.AddHostedService(provider => provider.GetRequiredService<T>());
    }

    internal static void AddBackground(this IServiceCollection services)
    {
        services.AddSingleton<BackgroundJobs>();
        services.AddHealthChecks().AddCheck<BackgroundHealth>("background", tags: ["ready"]);
    }
}
