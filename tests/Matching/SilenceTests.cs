using FsCheck;
using FsCheck.Fluent;
using SecondOpinion.Matching.Watching;

namespace SecondOpinion.Tests.Matching;

/// <summary>When somebody is reminded, called and replaced.</summary>
public sealed class SilenceTests
{
    private static readonly DateTimeOffset Accepted = new(2026, 11, 21, 9, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Of_seven_days_the_reminder_comes_on_the_third_the_coordinator_on_the_fourth_and_the_replacement_before_the_fifth_ends()
    {
        var silence = new Silence(Accepted, Accepted.AddDays(7));

        silence.RemindAt.ShouldBe(Accepted.AddHours(56));
        silence.CallCoordinatorAt.ShouldBe(Accepted.AddHours(84));
        silence.ReplaceAt.ShouldBe(Accepted.AddHours(112));
    }

    [Fact]
    public void Every_step_comes_in_its_order_and_before_the_end_however_late_the_case_was_accepted() =>
        Check.QuickThrowOnFailure(Prop.ForAll(Gen.Choose(1, 20_000).ToArbitrary(), minutes =>
        {
            var silence = new Silence(Accepted, Accepted.AddMinutes(minutes));
            return Accepted < silence.RemindAt && silence.RemindAt < silence.CallCoordinatorAt && silence.CallCoordinatorAt < silence.ReplaceAt
                && silence.ReplaceAt < silence.DueAt;
        }));

    [Fact]
    public void The_next_look_is_always_the_first_step_to_come() => Check.QuickThrowOnFailure(Prop.ForAll(Gen.Choose(0, 200).ToArbitrary(), hours =>
    {
        var silence = new Silence(Accepted, Accepted.AddHours(168));
        var now = Accepted.AddHours(hours);
        return silence.Next(now) is { } next
            ? next > now && new[] { silence.RemindAt, silence.CallCoordinatorAt, silence.ReplaceAt, silence.DueAt }.All(s => s <= now || s >= next)
            : now >= silence.DueAt;
    }));

    [Fact]
    public void A_case_accepted_after_its_end_is_overdue_at_once() => new Silence(Accepted, Accepted.AddHours(-1)).Next(Accepted).ShouldBeNull();
}
