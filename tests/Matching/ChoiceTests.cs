using FsCheck;
using FsCheck.Fluent;
using SecondOpinion.Matching.Choosing;

namespace SecondOpinion.Tests.Matching;

public sealed class ChoiceTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 9, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_referent_of_the_very_pathology_comes_before_any_other_of_the_specialty()
    {
        var referent = Expert(pathologies: ["endometriose"], open: 3);
        var colleague = Expert(pathologies: ["adenomyose"], open: 0);

        var decision = Choice.Choose(Case(), [colleague, referent], Now);

        decision.Chosen.ShouldBe(referent.PhysicianId);
        decision.Basis.ShouldBe(Basis.Pathology);
        decision.Candidates.ShouldHaveSingleItem();
    }

    [Fact]
    public void The_specialty_serves_only_when_the_pathology_has_no_referent_at_all()
    {
        var colleague = Expert(pathologies: ["adenomyose"]);

        var alone = Choice.Choose(Case(), [colleague], Now);
        alone.Chosen.ShouldBe(colleague.PhysicianId);
        alone.Basis.ShouldBe(Basis.Specialty);

        var beside = Choice.Choose(Case(), [colleague, Expert(pathologies: ["endometriose"], open: 5)], Now);
        beside.Chosen.ShouldBeNull();
        beside.Basis.ShouldBe(Basis.Pathology);
    }

    [Fact]
    public void Who_practises_where_the_patient_is_treated_is_never_asked()
    {
        var near = Expert(establishments: ["189999998"]);

        var decision = Choice.Choose(Case(treating: "189999998"), [near], Now);

        decision.Chosen.ShouldBeNull();
        decision.Candidates.Single().Reason.ShouldBe(Verdict.NotIndependent);
    }

    /// <summary>Real numbers (DREES, SAE 2023): two hospitals of the AP-HP, and the AP-HP itself; two of another legal entity.</summary>
    [Theory]
    [InlineData("750100125", "750100273")]
    [InlineData("750712184", "750100125")]
    [InlineData("750100125", "750712184")]
    public void Two_houses_of_one_legal_entity_are_one_house(string treating, string practises)
    {
        Choice.Choose(Case(treating: treating), [Expert(establishments: [practises])], Now).Candidates.Single().Reason.ShouldBe(Verdict.NotIndependent);
        Choice.Choose(Case(treating: treating), [Expert(establishments: ["940000664"])], Now).Chosen.ShouldNotBeNull();
    }

    [Fact]
    public void Whoever_asks_treats_or_coordinates_is_never_asked_for_the_second_opinion()
    {
        var treating = Expert();
        var other = Expert(open: 4);

        var decision = Choice.Choose(Case() with { Involved = new HashSet<Guid> { treating.PhysicianId } }, [treating, other], Now);

        decision.Chosen.ShouldBe(other.PhysicianId);
        decision.Candidates[^1].ShouldBe(Candidate.Of(treating, Verdict.TreatsPatient, Choice.Score(Case(), treating, Now)));
    }

    [Fact]
    public void A_declared_tie_with_who_or_where_treats_counts_like_working_there()
    {
        var colleague = Guid.CreateVersion7();
        var wanted = Case(treating: "189999998") with { Involved = new HashSet<Guid> { colleague } };

        foreach (var tied in (Expert[])[Expert() with { TiedPhysicians = [colleague] }, Expert() with { TiedEstablishments = ["189999998"] }])
        {
            Choice.Choose(wanted, [tied], Now).Candidates.Single().Reason.ShouldBe(Verdict.DeclaredTie);
            Choice.Choose(Case(), [tied], Now).Chosen.ShouldBe(tied.PhysicianId);
        }
    }

    [Theory]
    [InlineData("SM16", "SM62")]
    [InlineData("SM51", "SM20")]
    [InlineData("SM20", "SM20")]
    [InlineData("SM00", "SM00")]
    public void An_older_code_of_a_specialty_is_that_specialty(string code, string canonical) => Specialties.Canonical(code).ShouldBe(canonical);

    [Theory]
    [InlineData(5, 5, 0, false, nameof(Verdict.Full))]
    [InlineData(6, 5, 0, false, nameof(Verdict.Full))]
    [InlineData(0, 0, 0, false, nameof(Verdict.Full))]
    [InlineData(0, 5, 1, false, nameof(Verdict.Away))]
    [InlineData(0, 5, -1, false, nameof(Verdict.Chosen))]
    [InlineData(0, 5, 0, true, nameof(Verdict.AlreadyAsked))]
    [InlineData(4, 5, 0, false, nameof(Verdict.Chosen))]
    public void Each_candidate_is_kept_with_the_reason(int open, int capacity, int awayHours, bool asked, string expected)
    {
        var expert = Expert(open: open, capacity: capacity, awayUntil: awayHours == 0 ? null : Now.AddHours(awayHours));

        Choice.Choose(Case(asked: asked ? [expert.PhysicianId] : []), [expert], Now).Candidates.Single().Reason.ToString().ShouldBe(expected);
    }

    [Fact]
    public void Load_counts_in_shares_so_a_large_practice_is_not_asked_first_for_being_large()
    {
        var large = Expert(open: 10, capacity: 40);
        var small = Expert(open: 1, capacity: 2);

        Choice.Choose(Case(), [small, large], Now).Chosen.ShouldBe(large.PhysicianId);
    }

    [Fact]
    public void At_equal_load_the_one_idle_for_longest_is_asked()
    {
        var never = Expert(last: null);
        var lately = Expert(last: Now.AddHours(-1));
        var longAgo = Expert(last: Now.AddDays(-9));

        Choice.Choose(Case(), [lately, longAgo, never], Now).Chosen.ShouldBe(never.PhysicianId);
        Choice.Choose(Case(), [lately, longAgo], Now).Chosen.ShouldBe(longAgo.PhysicianId);
    }

    [Fact]
    public void Whoever_is_chosen_can_take_the_case() => Check.QuickThrowOnFailure(Prop.ForAll(Situations, s =>
    {
        var decision = Choice.Choose(s.Case, s.Experts, Now);
        return decision.Chosen is not { } chosen || s.Experts.Single(e => e.PhysicianId == chosen) is var expert
            && expert.OpenCases < expert.Capacity
            && !(expert.TakenThisWeek >= expert.WeeklyCapacity)
            && expert.Languages.Contains(s.Case.Language)
            && expert.Patients != (s.Case.IsMinor ? PatientAges.Adults : PatientAges.Children)
            && !expert.Leaves.Any(l => string.CompareOrdinal(l, "2026-11-21") <= 0 || l.StartsWith("2026-11-23", StringComparison.Ordinal))
            && !(expert.AwayUntil > Now)
            && !s.Case.AlreadyAsked.Contains(chosen)
            && !expert.Establishments.Any(s.Case.Places.Contains)
            && !s.Case.Involved.Contains(chosen)
            && !expert.TiedPhysicians.Any(s.Case.Involved.Contains)
            && (decision.Basis == Basis.Pathology ? expert.PathologyCodes.Contains(s.Case.PathologyCode) : expert.SpecialtyCode == s.Case.SpecialtyCode);
    }));

    [Fact]
    public void Somebody_is_chosen_whenever_somebody_can() => Check.QuickThrowOnFailure(Prop.ForAll(Situations, s =>
    {
        var decision = Choice.Choose(s.Case, s.Experts, Now);
        var referents = s.Experts.Where(e => e.PathologyCodes.Contains(s.Case.PathologyCode)).ToList();
        var pool = referents.Count > 0 ? referents : [.. s.Experts.Where(e => e.SpecialtyCode == s.Case.SpecialtyCode)];
        return decision.Chosen is not null == pool.Any(e => Choice.Judge(s.Case, e, Now) == Verdict.Eligible);
    }));

    [Fact]
    public void Nobody_eligible_suits_better_than_the_chosen_one() => Check.QuickThrowOnFailure(Prop.ForAll(Situations, s =>
    {
        var decision = Choice.Choose(s.Case, s.Experts, Now);
        return decision.Chosen is not { } chosen || decision.Candidates
            .Where(c => c.Reason is Verdict.Eligible)
            .All(c => Choice.Score(s.Case, Of(s, c.PhysicianId), Now) >= Choice.Score(s.Case, Of(s, chosen), Now));
    }));

    [Fact]
    public void The_order_in_which_experts_are_read_does_not_matter() => Check.QuickThrowOnFailure(Prop.ForAll(Situations, s =>
        Choice.Choose(s.Case, s.Experts, Now).Candidates.SequenceEqual(Choice.Choose(s.Case, [.. s.Experts.Reverse()], Now).Candidates)));

    [Fact]
    public void Every_candidate_is_listed_once_and_at_most_one_is_chosen() => Check.QuickThrowOnFailure(Prop.ForAll(Situations, s =>
    {
        var candidates = Choice.Choose(s.Case, s.Experts, Now).Candidates;
        return candidates.DistinctBy(c => c.PhysicianId).Count() == candidates.Count && candidates.Count(c => c.Reason == Verdict.Chosen) <= 1;
    }));

    [Fact]
    public void Agreement_with_colleagues_is_not_even_known_here() =>
        typeof(Expert).GetProperties().Select(p => p.Name).ShouldBe(
            ["PhysicianId", "SpecialtyCode", "PathologyCodes", "Establishments", "TiedPhysicians", "TiedEstablishments", "Capacity", "OpenCases",
                "AwayUntil", "LastOfferedAt", "Load", "Languages", "Patients", "ReferencePathologies", "OccasionalPathologies", "WeeklyCapacity",
                "TakenThisWeek", "Leaves", "TurnaroundHours", "FreePlaces"],
            ignoreOrder: true);

    private static Arbitrary<Situation> Situations { get; } = (
        from experts in (
            from id in Gen.Choose(1, 9)
            from specialty in Gen.Elements("SM20", "SM36")
            from pathologies in Gen.SubListOf("endometriose", "adenomyose")
            from establishments in Gen.SubListOf("189999998", "759999907")
            from capacity in Gen.Choose(0, 4)
            from open in Gen.Choose(0, 5)
            from away in Gen.Elements(-1, 0, 1)
            from last in Gen.Choose(0, 3)
            from ties in Gen.SubListOf(Id(4), Id(5))
            from language in Gen.Elements("fr", "en")
            from ages in Gen.Elements(PatientAges.All, PatientAges.All, PatientAges.Adults, PatientAges.Children)
            from leave in Gen.SubListOf("2026-11-20/2026-11-21", "2026-11-23/2026-11-27", "2026-12-24/2026-12-31")
            from week in Gen.Elements<int?>(null, null, 0, 2)
            select Someone.Expert(
                Id(id), [.. pathologies], capacity, open, [.. establishments], away == 0 ? null : Now.AddHours(away),
                last == 0 ? null : Now.AddHours(-last), specialty, [.. ties]) with
            {
                Languages = ["fr", .. language == "fr" ? (string[])[] : [language]],
                Patients = ages,
                Leaves = [.. leave],
                WeeklyCapacity = week,
                TakenThisWeek = 1,
                ReferencePathologies = last == 1 ? [.. pathologies] : [],
            }).ListOf()
        from treating in Gen.SubListOf("189999998")
        from involved in Gen.SubListOf(Id(3), Id(4))
        from asked in Gen.SubListOf(Id(1), Id(2), Id(3))
        from minor in Gen.Elements(true, false)
        from language in Gen.Elements("fr", "fr", "en")
        select new Situation(
            new CaseToMatch("endometriose", "SM20", Now.AddDays(7), [.. treating], involved.ToHashSet(), asked.ToHashSet())
            {
                IsMinor = minor,
                Language = language,
            },
            [.. experts.DistinctBy(e => e.PhysicianId)])).ToArbitrary();

    private static Expert Of(Situation s, Guid id) => s.Experts.Single(e => e.PhysicianId == id);

    private static Guid Id(int n) => new($"00000000-0000-0000-0000-00000000000{n}");

    private static CaseToMatch Case(string? treating = null, params Guid[] asked) =>
        new("endometriose", "SM20", Now.AddDays(7), treating is null ? [] : [treating], new HashSet<Guid>(), asked.ToHashSet());

    private static Expert Expert(
        string[]? pathologies = null, string[]? establishments = null, int capacity = 5, int open = 0, DateTimeOffset? awayUntil = null,
        DateTimeOffset? last = null) =>
        Someone.Expert(Guid.CreateVersion7(), pathologies ?? ["endometriose"], capacity, open, establishments, awayUntil, last);

    internal sealed record Situation(CaseToMatch Case, Expert[] Experts);
}
