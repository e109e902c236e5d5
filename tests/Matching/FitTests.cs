using System.Globalization;
using SecondOpinion.Matching.Choosing;
using Is = SecondOpinion.Matching.Choosing.Verdict;

namespace SecondOpinion.Tests.Matching;

/// <summary>For whom, how well, and when: what is asked of a référent beside independence and a free place.</summary>
public sealed class FitTests
{
    // A Saturday, in the week before Christmas.
    private static readonly DateTimeOffset Now = new(2026, 12, 19, 9, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(true, nameof(PatientAges.Adults), false)]
    [InlineData(true, nameof(PatientAges.Children), true)]
    [InlineData(true, nameof(PatientAges.All), true)]
    [InlineData(false, nameof(PatientAges.Children), false)]
    [InlineData(false, nameof(PatientAges.Adults), true)]
    public void Whoever_sees_other_ages_is_not_asked(bool minor, string ages, bool asked) =>
        Verdict(Case() with { IsMinor = minor }, Expert() with { Patients = Enum.Parse<PatientAges>(ages) })
            .ShouldBe(asked ? Is.Eligible : Is.OtherAge);

    [Fact]
    public void Only_who_knows_the_patient_s_language_is_asked()
    {
        var signing = Case() with { Language = "fsl" };
        Verdict(signing, Expert()).ShouldBe(Is.OtherLanguage);
        Verdict(signing, Expert() with { Languages = ["fr", "fsl"] }).ShouldBe(Is.Eligible);
    }

    [Fact]
    public void A_reference_of_the_field_comes_before_usual_practice_and_that_before_an_occasional_one()
    {
        var (reference, usual, occasional) = (
            Expert() with { ReferencePathologies = ["endometriose"] }, Expert(), Expert() with { OccasionalPathologies = ["endometriose"] });
        Chosen(occasional, usual, reference).ShouldBe(reference.PhysicianId);
        Chosen(occasional, usual).ShouldBe(usual.PhysicianId);
        // A level is worth a quarter of the places: the best known one does not get everything.
        Chosen(usual, reference with { OpenCases = 2 }).ShouldBe(usual.PhysicianId);
        Chosen(usual, reference with { OpenCases = 1 }).ShouldBe(reference.PhysicianId);
    }

    [Fact]
    public void Whoever_would_be_late_is_asked_only_when_nobody_else_is_left()
    {
        var slow = Expert() with { TurnaroundHours = 60 };
        var quick = Expert(open: 4) with { TurnaroundHours = 40 };
        var short48 = Case() with { DueAt = Now.AddHours(48) };
        Choice.Choose(short48, [slow, quick], Now).Chosen.ShouldBe(quick.PhysicianId);
        Choice.Choose(short48, [slow], Now).Chosen.ShouldBe(slow.PhysicianId);
        // With a week left both are in time, and the load decides.
        Chosen(slow, quick).ShouldBe(slow.PhysicianId);
    }

    [Theory]
    [InlineData("2026-12-19/2026-12-19", false, "on leave today")]
    [InlineData("2026-12-22/2026-12-23", true, "Monday and Thursday are left")]
    [InlineData("2026-12-21/2026-12-23", false, "Thursday alone is left: Friday is Christmas, then a weekend")]
    [InlineData("2026-12-22/2026-12-24", false, "Monday alone is left")]
    [InlineData("2026-12-26/2027-01-10", true, "leave after the end")]
    [InlineData("2026-12-01/2026-12-18", true, "leave that is over")]
    public void A_case_is_offered_only_with_two_working_days_left_before_its_end(string leave, bool asked, string why) =>
        Verdict(Case(), Expert() with { Leaves = [leave] }).ShouldBe(
            asked ? Is.Eligible : Is.Away, why);

    [Fact]
    public void Where_the_calendar_itself_leaves_too_few_days_nobody_is_left_out_for_it()
    {
        // From Christmas to the Sunday after: not one working day, for anybody.
        var christmas = new DateTimeOffset(2026, 12, 25, 9, 0, 0, TimeSpan.Zero);
        var wanted = Case() with { DueAt = christmas.AddDays(2) };
        Choice.Judge(wanted, Expert() with { Leaves = ["2026-12-28/2026-12-31"] }, christmas).ShouldBe(Is.Eligible);
    }

    [Theory]
    [InlineData("2026-03-28T22:30:00Z", "2026-03-29/2026-03-29", false)]
    [InlineData("2026-03-28T23:30:00Z", "2026-03-29/2026-03-29", true)]
    [InlineData("2026-10-25T22:30:00Z", "2026-10-26/2026-10-26", false)]
    [InlineData("2026-10-25T23:30:00Z", "2026-10-26/2026-10-26", true)]
    public void A_day_of_leave_is_a_day_in_France_on_the_nights_when_the_clocks_change_too(string instant, string leave, bool onLeave)
    {
        var now = DateTimeOffset.Parse(instant, CultureInfo.InvariantCulture);
        (Expert() with { Leaves = [leave] }).HasTimeFor(now, now.AddDays(7)).ShouldBe(!onLeave);
    }

    [Fact]
    public void New_cases_of_a_week_are_limited_beside_the_open_ones()
    {
        var expert = Expert() with { WeeklyCapacity = 2, TakenThisWeek = 1 };
        expert.FreePlaces.ShouldBe(1);
        Verdict(Case(), expert with { TakenThisWeek = 2 }).ShouldBe(Is.WeekFull);
        Verdict(Case(), expert with { OpenCases = 5 }).ShouldBe(Is.Full);
        Assignment.Of([.. Enumerable.Range(1, 4).Select(i => new Assignment.Waiting(new Guid(i, 0, 0, new byte[8]), Case()))], [expert], Now)
            .Count.ShouldBe(1);
    }

    [Fact]
    public void Cases_that_wait_together_go_to_who_suits_each_best()
    {
        var (gut, womb) = (Expert(["a", "b"]) with { ReferencePathologies = ["a"] }, Expert(["a", "b"]) with { ReferencePathologies = ["b"] });
        Assignment.Waiting[] waiting = [new(Guid.CreateVersion7(), Case("b")), new(Guid.CreateVersion7(), Case("a"))];
        var plan = Assignment.Of(waiting, [gut, womb], Now);
        plan[waiting[0].CaseId].ShouldBe(womb.PhysicianId);
        plan[waiting[1].CaseId].ShouldBe(gut.PhysicianId);
    }

    private static Is Verdict(CaseToMatch wanted, Expert expert) => Choice.Judge(wanted, expert, Now);

    private static Guid? Chosen(params Expert[] experts) => Choice.Choose(Case(), experts, Now).Chosen;

    private static CaseToMatch Case(string pathology = "endometriose") =>
        new(pathology, "SM20", Now.AddDays(7), [], new HashSet<Guid>(), new HashSet<Guid>());

    private static Expert Expert(string[]? pathologies = null, int open = 0) =>
        Someone.Expert(Guid.CreateVersion7(), pathologies ?? ["endometriose"], open: open);
}
