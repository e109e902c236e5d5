using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace SecondOpinion.ServiceDefaults.Telemetry;

internal static class ServiceTelemetry
{
    public static readonly ActivitySource Source = new("SecondOpinion");
}

/// <summary>What every service measures of itself; the meter is <c>secondopinion.{service}</c>.</summary>
public sealed class ServiceMetrics
{
    private readonly Counter<long> _sent;
    private readonly Counter<long> _duplicates;

    public ServiceMetrics(IMeterFactory meters, ServiceName service)
    {
        Meter = meters.Create($"secondopinion.{service.Value}");
        _sent = Meter.CreateCounter<long>("outbox.sent", "{message}", "Events confirmed by the broker");
        _duplicates = Meter.CreateCounter<long>("inbox.duplicates", "{message}", "Redelivered messages that had no second effect");
    }

    /// <summary>For a service's own instruments.</summary>
    public Meter Meter { get; }

    internal void OutboxSent(int count) => _sent.Add(count);

    internal void InboxDuplicate(string consumer) => _duplicates.Add(1, new KeyValuePair<string, object?>("consumer", consumer));
}
