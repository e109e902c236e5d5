using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using SecondOpinion.Intake.Orientation.FileRequests;

namespace SecondOpinion.Tests.Intake.Orientation;

/// <summary>The double clock of L.1111-7: eight days, not before 48 hours, two months beyond five years, all from receipt.</summary>
public sealed class FileRequestClockTests
{
    [Fact]
    public void Recent_things_are_due_after_eight_days_and_not_before_two()
    {
        var due = Of("2026-11-04", FileHolder.PublicHospital, "2026-09-28");

        (due.EarliestOn, due.RecentDueOn, due.OlderDueOn).ShouldBe((Day("2026-11-06"), Day("2026-11-12"), null));
    }

    [Fact]
    public void A_file_that_is_old_in_part_has_two_deadlines()
    {
        var due = Of("2026-11-04", FileHolder.PrivateHospital, "2026-09-28", "2005-06-01", null);

        due.RecentDueOn.ShouldBe(Day("2026-11-12"));
        due.OlderDueOn.ShouldBe(Day("2027-01-04"));
        due.Items.Select(i => (i.Older, i.DueOn)).ShouldBe([(false, Day("2026-11-12")), (true, Day("2027-01-04")), (false, Day("2026-11-12"))]);
        due.RemindOn.ShouldBe([Day("2026-11-13"), Day("2027-01-05")]);
    }

    [Theory]
    // A month that is too short ends on its last day.
    [InlineData("2026-12-31", "2027-02-28")]
    [InlineData("2027-12-31", "2028-02-29")]
    [InlineData("2026-12-30", "2027-02-28")]
    [InlineData("2027-12-29", "2028-02-29")]
    [InlineData("2026-07-31", "2026-09-30")]
    [InlineData("2028-02-29", "2028-04-29")]
    public void Two_months_end_with_the_month(string received, string due) =>
        Of(received, FileHolder.PublicHospital, "2000-01-01").OlderDueOn.ShouldBe(Day(due));

    [Theory]
    [InlineData("2026-02-24", "2026-03-04")]
    [InlineData("2028-02-24", "2028-03-03")]
    [InlineData("2026-12-28", "2027-01-05")]
    public void Eight_days_cross_months_years_and_leap_days(string received, string due) =>
        Of(received, FileHolder.PublicHospital, null as string).RecentDueOn.ShouldBe(Day(due));

    [Theory]
    [InlineData("2021-11-04", "2026-11-04", false)]
    [InlineData("2021-11-03", "2026-11-04", true)]
    // Made on 29 February, five years are over with 28 February.
    [InlineData("2020-02-29", "2025-02-28", false)]
    [InlineData("2020-02-29", "2025-03-01", true)]
    public void Five_years_run_from_the_day_a_thing_was_made(string made, string received, bool older) =>
        FileRequestClock.IsOlder(Day(made), Day(received)).ShouldBe(older);

    [Fact]
    public void The_psychiatric_commission_makes_everything_two_months()
    {
        var due = FileRequestClock.Of(Day("2026-11-04"), [new FileItem("tout", Day("2026-09-01"))], FileHolder.PublicHospital, psychiatricCommission: true);

        (due.RecentDueOn, due.OlderDueOn).ShouldBe((null, Day("2027-01-04")));
    }

    [Fact]
    public void A_silent_public_hospital_has_refused_after_a_month_and_the_cada_can_be_asked_for_two()
    {
        var due = Of("2026-11-30", FileHolder.PublicHospital, "2026-09-28");

        (due.ImpliedRefusalOn, due.RecourseUntil).ShouldBe((Day("2026-12-30"), Day("2027-02-28")));
        due.NextRecourse.ShouldContain("CADA");
    }

    [Fact]
    public void With_older_things_their_refusal_is_not_before_their_own_deadline_and_the_recent_ones_do_not_wait_for_it()
    {
        var due = Of("2026-11-30", FileHolder.PublicHospital, "2000-01-01", "2026-09-28");

        due.Items.Select(i => (i.ImpliedRefusalOn, i.RecourseUntil)).ShouldBe([(Day("2027-01-30"), Day("2027-03-30")), (Day("2026-12-30"), Day("2027-02-28"))]);
        (due.ImpliedRefusalOn, due.RecourseUntil).ShouldBe((Day("2026-12-30"), Day("2027-02-28")));
        // The safer date is shown even when everything is old.
        Of("2026-11-30", FileHolder.PublicHospital, "2000-01-01").RecourseUntil.ShouldBe(Day("2027-02-28"));
    }

    [Fact]
    public void A_private_hospital_with_a_public_service_answers_to_the_cada() =>
        Of("2026-11-30", FileHolder.PrivateHospitalPublicService, "2026-09-28").ShouldSatisfyAllConditions(
            due => due.NextRecourse.ShouldContain("CADA"),
            due => due.RecourseUntil.ShouldBe(Day("2027-02-28")));

    [Theory]
    [InlineData(FileHolder.PrivateHospital, "commission des usagers")]
    [InlineData(FileHolder.IndependentPhysician, "Ordre")]
    public void Others_have_another_recourse_and_no_implied_refusal(object holder, string words)
    {
        var due = Of("2026-11-30", (FileHolder)holder, "2026-09-28");

        due.ImpliedRefusalOn.ShouldBeNull();
        due.NextRecourse.ShouldContain(words);
    }

    [Fact]
    public void Whatever_the_dates_the_order_holds() => Prop.ForAll(
        Gen.Choose(0, 9000).Two().ToArbitrary(),
        days =>
        {
            var received = new DateOnly(2010, 1, 1).AddDays(days.Item1);
            var made = received.AddDays(-days.Item2);
            var due = FileRequestClock.Of(received, [new FileItem("x", made)], FileHolder.PublicHospital, false);
            due.EarliestOn.ShouldBe(received.AddDays(2));
            due.Items[0].DueOn.ShouldBeGreaterThan(due.EarliestOn);
            due.Items[0].DueOn.ShouldBe(made.AddYears(5) < received ? received.AddMonths(2) : received.AddDays(8));
            due.ImpliedRefusalOn!.Value.ShouldBeGreaterThanOrEqualTo(due.Items[0].DueOn);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    private static FileDeadlines Of(string received, FileHolder holder, params string?[] made) =>
        FileRequestClock.Of(
            Day(received), [.. made.Select((m, i) => new FileItem($"pièce {i + 1}", m is null ? null : Day(m)))], holder, psychiatricCommission: false);

    private static DateOnly Day(string text) => DateOnly.ParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture);
}
