using Google.OrTools.LinearSolver;
using SecondOpinion.Matching.Choosing;

namespace SecondOpinion.Bench.Matching;

/// <summary>
/// The same question put to a linear programme, which shares no code with the flow: its optimum is the flow's, since a flow is whole by itself.
/// </summary>
internal static class Optimum
{
    private const double Unserved = 1e9;
    private const double Urgency = 1e8;

    public static double Of(IReadOnlyList<Assignment.Waiting> waiting, IReadOnlyList<Expert> experts, DateTimeOffset now)
    {
        using var solver = Solver.CreateSolver("GLOP");
        var objective = solver.Objective();
        objective.SetMinimization();
        var penalties = Penalties(waiting);
        var people = experts.Select(e => (Expert: e, Takes: new List<Variable>())).ToList();
        foreach (var (one, c) in waiting.Select((w, c) => (w, c)))
        {
            var served = solver.MakeConstraint(1, 1);
            var left = solver.MakeNumVar(0, 1, "");
            served.SetCoefficient(left, 1);
            objective.SetCoefficient(left, penalties[one.CaseId]);
            var referents = people.Exists(p => p.Expert.PathologyCodes.Contains(one.Case.PathologyCode));
            foreach (var (expert, takes) in people)
            {
                if ((referents ? expert.PathologyCodes.Contains(one.Case.PathologyCode) : expert.SpecialtyCode == one.Case.SpecialtyCode)
                    && Choice.Judge(one.Case, expert, now) == Verdict.Eligible)
                {
                    var take = solver.MakeNumVar(0, 1, "");
                    served.SetCoefficient(take, 1);
                    objective.SetCoefficient(take, Assignment.FitCost(one.Case, expert, now));
                    takes.Add(take);
                }
            }
        }

        foreach (var (expert, takes) in people)
        {
            // As many places are filled as cases are taken; cheap ones fill first by themselves.
            var balance = solver.MakeConstraint(0, 0);
            takes.ForEach(take => balance.SetCoefficient(take, 1));
            foreach (var cost in Assignment.PlaceCosts(expert, Math.Min(expert.FreePlaces, takes.Count)))
            {
                var place = solver.MakeNumVar(0, 1, "");
                balance.SetCoefficient(place, -1);
                objective.SetCoefficient(place, cost);
            }
        }

        var status = solver.Solve();
        return status == Solver.ResultStatus.OPTIMAL ? objective.Value() : throw new InvalidOperationException($"The linear programme ended {status}.");
    }

    /// <summary>What a plan costs in the same measure.</summary>
    public static double CostOf(
        IReadOnlyDictionary<Guid, Guid> plan, IReadOnlyList<Assignment.Waiting> waiting, IReadOnlyList<Expert> experts, DateTimeOffset now)
    {
        var penalties = Penalties(waiting);
        var people = experts.ToDictionary(e => e.PhysicianId);
        return waiting.Sum(w => plan.TryGetValue(w.CaseId, out var taker) ? Assignment.FitCost(w.Case, people[taker], now) : penalties[w.CaseId])
            + plan.CountBy(p => p.Value).Sum(c => Assignment.PlaceCosts(people[c.Key], c.Value).Sum(cost => (double)cost));
    }

    private static Dictionary<Guid, double> Penalties(IReadOnlyList<Assignment.Waiting> waiting) =>
        waiting.OrderBy(w => w.Case.DueAt).ThenBy(w => w.CaseId)
            .Select((w, i) => (w.CaseId, Penalty: Unserved + Math.Floor(Urgency * (waiting.Count - i) / waiting.Count)))
            .ToDictionary(w => w.CaseId, w => w.Penalty);
}

/// <summary>One case after the other, each to whoever has the least load then: what was done before.</summary>
internal static class Greedy
{
    public static IReadOnlyDictionary<Guid, Guid> Of(IReadOnlyList<Assignment.Waiting> waiting, IReadOnlyList<Expert> experts, DateTimeOffset now)
    {
        var people = experts.ToDictionary(e => e.PhysicianId);
        var plan = new Dictionary<Guid, Guid>();
        foreach (var one in waiting)
        {
            if (Choice.Choose(one.Case, people.Values, now).Chosen is { } chosen)
            {
                plan[one.CaseId] = chosen;
                people[chosen] = people[chosen] with { OpenCases = people[chosen].OpenCases + 1 };
            }
        }

        return plan;
    }
}
