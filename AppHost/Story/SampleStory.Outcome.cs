using System.Globalization;
using System.Text.Json.Nodes;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Access;

namespace SecondOpinion.AppHost.Story;

/// <summary>What the case left behind: entries, indicators, events, and the little that its insurer sees of it.</summary>
internal sealed partial class SampleStory
{
    private async Task CheckLedger()
    {
        var ledger =
            (await _api.Until($"/api/v1/ledger/cases/{_caseId}", _ops, a => a.Json["transactions"]!.AsArray().Count > 0, "the opinion is booked")).Json;
        var lines = ledger["transactions"]!.AsArray().SelectMany(t => t!["lines"]!.AsArray()).ToList();
        decimal Sum(string kind) =>
            lines.Where(l => Text(l!["kind"]) == kind).Sum(l => decimal.Parse(Text(l!["amount"]!["amount"]), CultureInfo.InvariantCulture));
        Must(
            Sum("receivable") == 295m && Sum("payable") == -120m
                && lines.Sum(l => decimal.Parse(Text(l!["amount"]!["amount"]), CultureInfo.InvariantCulture)) == 0,
            $"the ledger says {ledger.ToJsonString()}");
        _tell.Step("ledger", "295.00 € receivable from the insurer, 120.00 € payable to the physician; lines sum to zero");
    }

    private async Task CheckIndicators(JsonNode before)
    {
        static long Opinions(JsonNode report) => (long)report["opinionsDelivered"]!["opinions"]!;
        var after = (await _api.Until("/api/v1/reports/indicators", _ops, a => Opinions(a.Json) > Opinions(before), "the indicators move")).Json;
        _tell.Step("indicators",
            $"opinions {Opinions(before)} → {Opinions(after)}, median delay {after["completionToDelivery"]!["medianHours"]} h, convergence "
                + $"{after["convergence"]!["rate"]} (not a target)");
    }

    private async Task CheckEvents(string submissionTrace)
    {
        string[] expected =
        [
            "CaseOpened", "CaseStateChanged", "ConsentChanged", "CoverageReserved", "CaseCompleted", "CaseOffered", "OfferAccepted", "CaseAssigned",
            "InformationRequested", "InformationProvided", "OpinionProgressed", "OpinionDelivered", "OpinionOutcomeRecorded", "OpinionBooked",
        ];
        static string Squeeze(string name) => new([.. name.Where(char.IsLetter).Select(char.ToLowerInvariant)]);
        List<string> Missing(Answer answer)
        {
            var names = answer.Json["events"]!.AsArray().Select(e => Squeeze(Text(e!["name"]))).ToList();
            return [.. expected.Where(e => !names.Any(n => n.Contains(Squeeze(e), StringComparison.Ordinal)))];
        }

        var events =
            (await _api.Until(
                $"/api/v1/reports/cases/{_caseId}/events", _ops, a => Missing(a).Count == 0, "every event has reached reporting")).Json["events"]!.AsArray();
        var inTrace = events.Count(e => e!["traceId"]?.GetValue<string>() == submissionTrace);
        _tell.Step("events",
            $"{events.Count} seen by reporting, {events.Select(e => Text(e!["name"])).Distinct().Count()} kinds, {inTrace} of them caused by the submission");
    }

    /// <summary>Counts and delays of its members, never whose nor why; and nothing of another insurer's.</summary>
    private async Task ShowWhatTheInsurerSees()
    {
        var insurers = Expect(await _api.Get("/api/v1/insurers?limit=100", _ops)).Json["items"]!.AsArray();
        var amc = AmcNumber.Parse(Text(Sample("case.json")["coverage"]!["amcNumber"])).Value;
        var insurer = insurers.Single(i => Text(i!["amcNumber"]) == amc)!;
        var partner = await Token(Roles.Partner, "story-partner", ("insurer_id", Text(insurer["id"])));
        var path = $"/api/v1/insurers/{Text(insurer["id"])}/activity";
        var seen = Expect(await _api.Get(path, partner));
        Must(
            !seen.Text.Contains(_caseId, StringComparison.Ordinal) && !seen.Text.Contains(_pathology, StringComparison.OrdinalIgnoreCase),
            $"the insurer's view tells of the case: {seen.Text}");
        var other = await Token(Roles.Partner, "story-partner", ("insurer_id", Guid.CreateVersion7().ToString()));
        var refused = await _api.Get(path, other);
        Must((int)refused.Status == 404, $"another insurer got {(int)refused.Status} from this one's view");
        string Total(string of) => Text(seen.Json[of]!["total"]);
        _tell.Step(
            "partner's view",
            $"{Text(seen.Json["insurerName"])}, {Text(seen.Json["month"])} until yesterday: members {Total("members")}, checks {Total("checks")}, "
            + $"reservations {Total("reservations")}, opinions {Total("opinions")}; never whose nor why; another insurer gets 404");
    }

    private async Task<JsonNode> Indicators() => Expect(await _api.Get("/api/v1/reports/indicators", _ops)).Json;
}
