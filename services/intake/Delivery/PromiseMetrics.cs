using System.Diagnostics.Metrics;
using SecondOpinion.Intake.Cases;
using SecondOpinion.ServiceDefaults.Telemetry;

namespace SecondOpinion.Intake.Delivery;

/// <summary>Whether the seven days were kept, as a counter of <c>secondopinion.intake</c>: the objective that alerts watch.</summary>
internal sealed class PromiseMetrics(ServiceMetrics metrics)
{
    private readonly Counter<long> _delivered =
        metrics.Meter.CreateCounter<long>("opinions.delivered", "{opinion}", "Opinions delivered, by whether the seven days were kept");

    public void Delivered(Clock clock) =>
        _delivered.Add(1, new KeyValuePair<string, object?>("kept", clock.StoppedAt <= clock.DueAt));
}
