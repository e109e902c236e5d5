using System.Diagnostics.Metrics;
using SecondOpinion.ServiceDefaults.Telemetry;

namespace SecondOpinion.Billing.Webhooks;

/// <summary>What webhooks tell of themselves; nothing by insurer or address.</summary>
internal sealed class WebhookMetrics(ServiceMetrics metrics)
{
    private readonly Counter<long> _delivered = metrics.Meter.CreateCounter<long>("webhooks.delivered", "{event}", "Events that a receiver took");
    private readonly Counter<long> _failed = metrics.Meter.CreateCounter<long>("webhooks.failed", "{attempt}", "Posts that were not taken");
    private readonly Counter<long> _dead = metrics.Meter.CreateCounter<long>("webhooks.dead", "{event}", "Deliveries given up after three days");

    public void Posted(DeliveryLedger.Outcome outcome)
    {
        _delivered.Add(outcome.Delivered);
        _failed.Add(outcome.Failed);
        _dead.Add(outcome.Dead);
    }
}
