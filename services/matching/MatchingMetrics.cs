using System.Diagnostics.Metrics;
using SecondOpinion.Matching.Choosing;
using SecondOpinion.Matching.Offers;
using SecondOpinion.ServiceDefaults.Telemetry;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Matching;

/// <summary>What happens to offers, as counters of <c>secondopinion.matching</c>.</summary>
internal sealed class MatchingMetrics(ServiceMetrics metrics)
{
    private readonly Counter<long> _made = metrics.Meter.CreateCounter<long>("offers.made", "{offer}", "Offers made, by basis of the choice");
    private readonly Counter<long> _closed = metrics.Meter.CreateCounter<long>("offers.closed", "{offer}", "Offers that ended, by reason");
    private readonly Counter<long> _escalated = metrics.Meter.CreateCounter<long>("cases.escalated", "{case}", "Cases handed to a coordinator, by reason");

    private readonly Counter<long> _reminded =
        metrics.Meter.CreateCounter<long>("physicians.reminded", "{reminder}", "Reminders of accepted cases of which nothing was heard");

    private readonly Histogram<double> _missed = metrics.Meter.CreateHistogram<double>(
        "predictions.missed", "h", "Hours between the delivery that was predicted at the acceptance and the real one; negative when it came earlier");

    public void PredictionMissed(TimeSpan error) => _missed.Record(error.TotalHours);

    public void PhysicianReminded() => _reminded.Add(1);

    public void OfferMade(Basis basis) => _made.Add(1, new KeyValuePair<string, object?>("basis", basis.Word()));

    public void OfferEnded(OfferState reason) => _closed.Add(1, new KeyValuePair<string, object?>("reason", reason.Word()));

    public void CaseEscalated(EscalationReason reason) => _escalated.Add(1, new KeyValuePair<string, object?>("reason", reason.Word()));
}
