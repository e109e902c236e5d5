using Google.OrTools.Graph;

namespace SecondOpinion.Matching.Choosing;

/// <summary>
/// Whom to ask when many cases wait at once: as many as possible get a physician, those first whose time is shortest, and each one who suits it, the work
/// spread as evenly as the places allow. Exact (a flow of least cost), and the same for the same input. One case after the other would give the first the only
/// physician of the last.
/// Takes the same physicians as <see cref="Choice"/>, and looks at nothing else of them: no outcome, no convergence, no price.
/// </summary>
internal static class Assignment
{
    /// <summary>A waiting case among others.</summary>
    /// <param name="Case">What a choice looks at.</param>
    internal sealed record Waiting(Guid CaseId, CaseToMatch Case);

    /// <summary>Of a wholly loaded physician: the unit in which the next place costs.</summary>
    private const long FullLoad = 1_000_000;

    /// <summary>Leaving a case without a physician costs more than any way of giving it one.</summary>
    private const long Unserved = 1_000_000_000;

    /// <summary>By how much the most urgent case outweighs the least, among those that cannot all be served.</summary>
    private const long Urgency = 100_000_000;

    /// <returns>The physician of each case that gets one.</returns>
    public static IReadOnlyDictionary<Guid, Guid> Of(IReadOnlyCollection<Waiting> waiting, IReadOnlyCollection<Expert> experts, DateTimeOffset now)
    {
        var cases = waiting.OrderBy(w => w.Case.DueAt).ThenBy(w => w.CaseId).ToList();
        var people = experts.OrderBy(e => e.PhysicianId).ToList();
        var byPathology = Index(people, e => e.PathologyCodes);
        var bySpecialty = Index(people, e => [e.SpecialtyCode]);
        var idle = people.OrderBy(e => e.LastOfferedAt ?? DateTimeOffset.MinValue).ThenBy(e => e.PhysicianId)
            .Select((e, i) => (e.PhysicianId, Rank: i)).ToDictionary(e => e.PhysicianId, e => e.Rank);

        // Nodes: the source, the sink, then cases, then physicians. Arcs: a case to each physician who can take it; a physician to the sink once for each free
        // place, each dearer than the one before; a case to the sink, when nobody takes it.
        const int Source = 0;
        const int Sink = 1;
        var flow = new MinCostFlow(2 + cases.Count + people.Count);
        var choices = new List<(int Arc, int Case, int Person)>();
        var wanted = new int[people.Count];
        for (var c = 0; c < cases.Count; c++)
        {
            var node = 2 + c;
            flow.AddArcWithCapacityAndUnitCost(Source, node, 1, 0);
            flow.AddArcWithCapacityAndUnitCost(node, Sink, 1, LeftCost(c, cases.Count));
            foreach (var p in byPathology.GetValueOrDefault(cases[c].Case.PathologyCode) ?? bySpecialty.GetValueOrDefault(cases[c].Case.SpecialtyCode) ?? [])
            {
                if (Choice.Judge(cases[c].Case, people[p], now) == Verdict.Eligible)
                {
                    choices.Add((flow.AddArcWithCapacityAndUnitCost(node, 2 + cases.Count + p, 1, FitCost(cases[c].Case, people[p], now)), c, p));
                    wanted[p]++;
                }
            }
        }

        for (var p = 0; p < people.Count; p++)
        {
            foreach (var cost in PlaceCosts(people[p], Math.Min(people[p].FreePlaces, wanted[p])))
            {
                flow.AddArcWithCapacityAndUnitCost(2 + cases.Count + p, Sink, 1, cost + idle[people[p].PhysicianId]);
            }
        }

        flow.SetNodeSupply(Source, cases.Count);
        flow.SetNodeSupply(Sink, -cases.Count);
        var status = flow.Solve();
        if (status != MinCostFlowBase.Status.OPTIMAL)
        {
            throw new InvalidOperationException($"The assignment of {cases.Count} cases has no solution ({status}), which an unserved case always is.");
        }

        return choices.Where(choice => flow.Flow(choice.Arc) > 0)
            .ToDictionary(choice => cases[choice.Case].CaseId, choice => people[choice.Person].PhysicianId);
    }

    /// <summary>What each further place of a physician costs: the load that it leads to. Dearer from place to place, so that the work is spread.</summary>
    internal static IEnumerable<long> PlaceCosts(Expert expert, int places) =>
        Enumerable.Range(1, Math.Max(0, places)).Select(place => FullLoad * (expert.OpenCases + place) / expert.Capacity);

    /// <summary>What leaving a case without a physician costs: the most for the one with the least time.</summary>
    /// <param name="place">Of the case in the order of urgency, from 0.</param>
    /// <param name="cases">That wait.</param>
    internal static long LeftCost(int place, int cases) => Unserved + Urgency * (cases - place) / cases;

    /// <summary>What giving a case to somebody costs beside the place, in the same unit.</summary>
    internal static long FitCost(CaseToMatch wanted, Expert expert, DateTimeOffset now) => (long)(FullLoad * Fit.Of(wanted, expert, now));

    private static Dictionary<string, List<int>> Index(List<Expert> people, Func<Expert, IEnumerable<string>> keys)
    {
        var index = new Dictionary<string, List<int>>();
        for (var p = 0; p < people.Count; p++)
        {
            foreach (var key in keys(people[p]).Distinct())
            {
                if (!index.TryGetValue(key, out var at))
                {
                    index[key] = at = [];
                }

                at.Add(p);
            }
        }

        return index;
    }
}
