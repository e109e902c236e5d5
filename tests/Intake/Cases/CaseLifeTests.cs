using FsCheck;
using FsCheck.Fluent;
using SecondOpinion.Intake.Cases;
using SecondOpinion.ServiceDefaults.Text;
using static SecondOpinion.Intake.Cases.CaseMove;
using static SecondOpinion.Intake.Cases.CaseState;

namespace SecondOpinion.Tests.Intake.Cases;

/// <summary>The state machine against its drawing, move by move: each pair that is not drawn is forbidden.</summary>
public sealed class CaseLifeTests
{
    /// <summary>The drawing, written down a second time, by state instead of by move.</summary>
    private static readonly Dictionary<CaseState, Dictionary<CaseMove, CaseState>> Drawing = new()
    {
        [Draft] = new() { [Submit] = Submitted, [Withdraw] = Withdrawn, [Redirect] = Redirected, [Refuse] = Refused },
        [Submitted] = new() { [FindIncomplete] = Incomplete, [FindComplete] = Complete, [Withdraw] = Withdrawn, [Refuse] = Refused },
        [Incomplete] = new() { [Submit] = Submitted, [Withdraw] = Withdrawn, [Redirect] = Redirected, [Refuse] = Refused },
        [Complete] = new() { [Offer] = Offered, [Assign] = Assigned, [Escalate] = Escalated, [Deliver] = Delivered, [Withdraw] = Withdrawn },
        [Offered] = new() { [Assign] = Assigned, [Escalate] = Escalated, [Deliver] = Delivered, [Withdraw] = Withdrawn },
        [Escalated] = new() { [Offer] = Offered, [Assign] = Assigned, [Deliver] = Delivered, [Withdraw] = Withdrawn },
        [Assigned] = new() { [Replace] = Complete, [RequestInformation] = AwaitingInformation, [Deliver] = Delivered, [Withdraw] = Withdrawn },
        [AwaitingInformation] = new() { [Replace] = Complete, [ProvideInformation] = Assigned, [Deliver] = Delivered, [Withdraw] = Withdrawn },
        [Delivered] = new() { [Close] = Closed },
        [Closed] = [],
        [Redirected] = [],
        [Refused] = [],
        [Withdrawn] = [],
    };

    public static TheoryData<string, string> EveryPair { get; } = new(
        from state in Enum.GetNames<CaseState>() from move in Enum.GetNames<CaseMove>() select (state, move));

    [Theory]
    [MemberData(nameof(EveryPair))]
    public void A_move_is_possible_exactly_where_it_is_drawn(string stateName, string moveName)
    {
        var (state, move) = (Enum.Parse<CaseState>(stateName), Enum.Parse<CaseMove>(moveName));

        var decision = CaseLife.Decide(state, move);

        if (Drawing[state].TryGetValue(move, out var to))
        {
            decision.ShouldBe(new Decision.Moves(move, state, to));
        }
        else
        {
            var forbidden = decision.ShouldBeOfType<Decision.Forbidden>();
            forbidden.State.ShouldBe(state);
            forbidden.Allowed.ShouldBe(Drawing[state].Keys, ignoreOrder: true);
        }
    }

    [Fact]
    public void Whatever_is_wished_a_case_walks_along_the_drawing_and_ends_for_good() => Prop.ForAll(
        Gen.Elements(Enum.GetValues<CaseMove>()).ListOf().ToArbitrary(),
        wishes =>
        {
            var state = Draft;
            foreach (var wish in wishes)
            {
                var before = state;
                state = CaseLife.Decide(state, wish) is Decision.Moves moves ? moves.To : state;
                (state == before || Drawing[before].ContainsValue(state)).ShouldBeTrue();
                (CaseLife.IsOver(before) && state != before).ShouldBeFalse();
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void The_words_of_states_are_told_apart_and_read_back()
    {
        foreach (var state in Enum.GetValues<CaseState>())
        {
            Words.Read<CaseState>(state.Word()).ShouldBe(state);
        }

        AwaitingInformation.Word().ShouldBe("awaiting_information");
    }
}
