using FsCheck;
using FsCheck.Fluent;
using SecondOpinion.Intake.Cases;

namespace SecondOpinion.Tests.Intake.Cases;

/// <summary>The 7-day clock: what pauses take, they give back.</summary>
public sealed class ClockTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 2, 9, 0, 0, TimeSpan.Zero);

    [Fact]
    public void It_is_due_seven_days_after_completion() => Clock.Start(Start).DueAt.ShouldBe(Start.AddDays(7));

    [Fact]
    public void A_pause_moves_the_end_by_its_own_length()
    {
        var clock = Clock.Start(Start).Pause(Start.AddDays(2)).Resume(Start.AddDays(5));

        clock.DueAt.ShouldBe(Start.AddDays(10));
        clock.Remaining(Start.AddDays(5)).ShouldBe(TimeSpan.FromDays(5));
    }

    [Fact]
    public void While_paused_nothing_runs_out() =>
        Clock.Start(Start).Pause(Start.AddDays(6)).Remaining(Start.AddDays(60)).ShouldBe(TimeSpan.FromDays(1));

    [Fact]
    public void It_stops_at_delivery_and_stays_stopped()
    {
        var clock = Clock.Start(Start).Stop(Start.AddDays(3));

        clock.Remaining(Start.AddDays(100)).ShouldBe(TimeSpan.FromDays(4));
        clock.Pause(Start.AddDays(4)).Resume(Start.AddDays(9)).ShouldBe(clock);
    }

    [Fact]
    public void Delivery_during_a_pause_ends_the_pause_too()
    {
        var clock = Clock.Start(Start).Pause(Start.AddDays(1)).Stop(Start.AddDays(4));

        clock.PausedSince.ShouldBeNull();
        clock.Remaining(Start.AddDays(9)).ShouldBe(TimeSpan.FromDays(6));
    }

    [Fact]
    public void Time_left_and_time_that_ran_always_add_up_to_seven_days() => Prop.ForAll(
        Gen.Choose(0, 500_000).Select(s => TimeSpan.FromSeconds(s)).ListOf().ToArbitrary(),
        spans =>
        {
            var now = Start;
            var ran = TimeSpan.Zero;
            var clock = Clock.Start(now);
            foreach (var (span, i) in spans.Select((s, i) => (s, i)))
            {
                now += span;
                ran += i % 2 == 0 ? span : TimeSpan.Zero;
                clock = i % 2 == 0 ? clock.Pause(now) : clock.Resume(now);
            }

            (clock.Remaining(now) + ran).ShouldBe(TimeSpan.FromDays(7));
            clock.Stop(now).Remaining(now.AddDays(1)).ShouldBe(TimeSpan.FromDays(7) - ran);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    [Fact]
    public void A_message_from_a_clock_that_is_a_little_behind_gives_no_time_back() =>
        Clock.Start(Start).Pause(Start.AddHours(1)).Resume(Start.AddMinutes(59)).DueAt.ShouldBe(Start.AddDays(7));
}
