using FsCheck;
using FsCheck.Fluent;
using SecondOpinion.Matching.Choosing;

namespace SecondOpinion.Tests.Matching;

/// <summary>Many cases at once: rules, the exact optimum, and who comes first when places are short.</summary>
public sealed class AssignmentTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 9, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Nobody_is_given_to_the_first_case_who_is_the_only_one_for_another()
    {
        var both = Expert(1, ["a", "b"]);
        var other = Expert(2, ["a"], open: 3, capacity: 4);
        Assignment.Waiting[] waiting = [Case(1, "a"), Case(2, "b")];

        var plan = Assignment.Of(waiting, [both, other], Now);

        plan[waiting[0].CaseId].ShouldBe(other.PhysicianId);
        plan[waiting[1].CaseId].ShouldBe(both.PhysicianId);
        // One after the other, the less loaded one goes to the first and the second waits.
        Choice.Choose(waiting[0].Case, [both, other], Now).Chosen.ShouldBe(both.PhysicianId);
    }

    [Fact]
    public void Where_places_are_short_the_least_time_goes_first()
    {
        var late = Case(1, "a", days: 6);
        var urgent = Case(2, "a", days: 1);
        var plan = Assignment.Of([late, urgent], [Expert(1, ["a"])], Now);
        plan.ShouldHaveSingleItem().Key.ShouldBe(urgent.CaseId);
    }

    [Fact]
    public void Work_is_spread_by_the_share_of_places()
    {
        var (large, small) = (Expert(1, ["a"], capacity: 9), Expert(2, ["a"], capacity: 3));
        var plan = Assignment.Of([.. Enumerable.Range(1, 8).Select(i => Case(i, "a"))], [large, small], Now);
        plan.Values.CountBy(id => id).ToDictionary(c => c.Key, c => c.Value).ShouldBe(
            new Dictionary<Guid, int> { [large.PhysicianId] = 6, [small.PhysicianId] = 2 }, ignoreOrder: true);
    }

    [Fact]
    public void The_specialty_serves_only_when_the_disease_has_no_referent_at_all()
    {
        var colleague = Expert(1, ["b"], capacity: 5);
        Assignment.Of([Case(1, "a")], [colleague], Now).Values.ShouldBe([colleague.PhysicianId]);
        Assignment.Of([Case(1, "a")], [colleague, Expert(2, ["a"], open: 1)], Now).ShouldBeEmpty();
    }

    [Fact]
    public void Whoever_gets_a_case_can_take_it_and_no_place_is_given_twice() => Check.QuickThrowOnFailure(Prop.ForAll(Situations, s =>
    {
        var plan = Assignment.Of(s.Waiting, s.Experts, Now);
        return plan.All(p => Choice.Judge(s.Waiting.Single(w => w.CaseId == p.Key).Case, Of(s, p.Value), Now) == Verdict.Eligible)
            && plan.CountBy(p => p.Value).All(c => c.Value <= Of(s, c.Key).Capacity - Of(s, c.Key).OpenCases);
    }));

    [Fact]
    public void No_other_assignment_serves_more_cases_and_none_is_better_in_urgency_load_and_fit() => Check.QuickThrowOnFailure(Prop.ForAll(Situations, s =>
    {
        var plan = Assignment.Of(s.Waiting, s.Experts, Now);
        var cost = plan.CountBy(p => p.Value).Sum(c => Assignment.PlaceCosts(Of(s, c.Key), c.Value).Sum())
            + s.Waiting.Select((w, i) => plan.TryGetValue(w.CaseId, out var taker)
                ? Assignment.FitCost(w.Case, Of(s, taker), Now)
                : Assignment.LeftCost(i, s.Waiting.Count)).Sum();
        // Who was idle for longest decides below all that.
        return cost <= Best(s, 0, new int[s.Experts.Count]) + s.Waiting.Count * s.Experts.Count;
    }));

    [Fact]
    public void The_order_in_which_they_are_read_does_not_matter() => Check.QuickThrowOnFailure(Prop.ForAll(Situations, s =>
        Assignment.Of(s.Waiting, s.Experts, Now).OrderBy(p => p.Key)
            .SequenceEqual(Assignment.Of([.. s.Waiting.Reverse()], [.. s.Experts.Reverse()], Now).OrderBy(p => p.Key))));

    /// <summary>By trying everything. All have the same time, so the order of the cases is that of their numbers.</summary>
    private static long Best(Situation s, int at, int[] given)
    {
        if (at == s.Waiting.Count)
        {
            return 0;
        }

        var best = Best(s, at + 1, given) + Assignment.LeftCost(at, s.Waiting.Count);
        var wanted = s.Waiting[at].Case;
        var referents = s.Experts.Any(e => e.PathologyCodes.Contains(wanted.PathologyCode));
        for (var p = 0; p < s.Experts.Count; p++)
        {
            var expert = s.Experts[p];
            if (referents && !expert.PathologyCodes.Contains(wanted.PathologyCode) || Choice.Judge(wanted, expert, Now) != Verdict.Eligible
                || expert.OpenCases + given[p] >= expert.Capacity)
            {
                continue;
            }

            given[p]++;
            var place = Assignment.PlaceCosts(expert, given[p]).Last();
            best = Math.Min(best, Best(s, at + 1, given) + place + Assignment.FitCost(wanted, expert, Now));
            given[p]--;
        }

        return best;
    }

    private static Arbitrary<Situation> Situations { get; } = (
        from experts in (
            from pathologies in Gen.Elements<string[]>(["a"], ["b"], ["a", "b"], ["c"], ["b", "c"])
            from capacity in Gen.Choose(0, 3)
            from open in Gen.Choose(0, 2)
            from house in Gen.Elements("759999907", "699999918")
            select (pathologies, capacity, open, house)).ListOf(4)
        from cases in (
            from pathology in Gen.Elements("a", "b", "c", "d")
            from house in Gen.Elements("", "759999907", "699999918")
            select (pathology, house)).ListOf(5)
        select new Situation(
            [.. cases.Select((c, i) => Case(i + 1, c.pathology, places: c.house.Length > 0 ? [c.house] : []))],
            [.. experts.Select((e, i) => Expert(i + 1, e.pathologies, e.open, e.capacity, e.house))])).ToArbitrary();

    private static Expert Of(Situation s, Guid id) => s.Experts.Single(e => e.PhysicianId == id);

    private static Guid Id(int number) => new(number, 0, 0, new byte[8]);

    private static Assignment.Waiting Case(int number, string pathology, int days = 6, string[]? places = null) =>
        new(Id(100 + number), new CaseToMatch(pathology, "SM20", Now.AddDays(days), places ?? [], new HashSet<Guid>(), new HashSet<Guid>()));

    private static Expert Expert(int number, string[] pathologies, int open = 0, int capacity = 1, string house = "339999901") =>
        Someone.Expert(Id(number), pathologies, capacity, open, [house]) with { ReferencePathologies = number % 2 == 0 ? [.. pathologies.Take(1)] : [] };

    private sealed record Situation(IReadOnlyList<Assignment.Waiting> Waiting, IReadOnlyList<Expert> Experts);
}
