using System.Collections.Frozen;

namespace SecondOpinion.Intake.Cases;

internal enum CaseState
{
    Draft,
    Submitted,
    Incomplete,
    Complete,
    Offered,
    Assigned,
    AwaitingInformation,
    Delivered,
    Closed,
    Redirected,
    Refused,
    Withdrawn,
    Escalated,
}

internal enum CaseMove
{
    Submit,
    FindIncomplete,
    FindComplete,
    Offer,
    Assign,
    Escalate,

    /// <summary>The physician who accepted loses the case; another one is asked.</summary>
    Replace,
    RequestInformation,
    ProvideInformation,
    Deliver,
    Close,
    Withdraw,
    Redirect,
    Refuse,
}

/// <summary>What the state machine says of a wish to move.</summary>
internal abstract record Decision
{
    internal sealed record Moves(CaseMove Move, CaseState From, CaseState To) : Decision;

    internal sealed record Forbidden(CaseState State, IReadOnlyList<CaseMove> Allowed) : Decision;
}

/// <summary>The life of a case: the one table of moves. What is not in it does not happen.</summary>
internal static class CaseLife
{
    private static readonly FrozenDictionary<CaseMove, (CaseState[] From, CaseState To)> Table = new Dictionary<CaseMove, (CaseState[], CaseState)>
    {
        [CaseMove.Submit] = ([CaseState.Draft, CaseState.Incomplete], CaseState.Submitted),
        [CaseMove.FindIncomplete] = ([CaseState.Submitted], CaseState.Incomplete),
        [CaseMove.FindComplete] = ([CaseState.Submitted], CaseState.Complete),
        [CaseMove.Offer] = ([CaseState.Complete, CaseState.Escalated], CaseState.Offered),
        // Matching's messages come in any order: an assignment may overtake its offer.
        [CaseMove.Assign] = ([CaseState.Complete, CaseState.Offered, CaseState.Escalated], CaseState.Assigned),
        [CaseMove.Escalate] = ([CaseState.Complete, CaseState.Offered], CaseState.Escalated),
        [CaseMove.Replace] = ([CaseState.Assigned, CaseState.AwaitingInformation], CaseState.Complete),
        [CaseMove.RequestInformation] = ([CaseState.Assigned], CaseState.AwaitingInformation),
        [CaseMove.ProvideInformation] = ([CaseState.AwaitingInformation], CaseState.Assigned),
        // A delivered opinion is a fact, however late the messages that should have come before it are.
        [CaseMove.Deliver] = (
            [CaseState.Assigned, CaseState.AwaitingInformation, CaseState.Complete, CaseState.Offered, CaseState.Escalated], CaseState.Delivered),
        [CaseMove.Close] = ([CaseState.Delivered], CaseState.Closed),
        [CaseMove.Withdraw] = (
            [
                CaseState.Draft, CaseState.Submitted, CaseState.Incomplete, CaseState.Complete, CaseState.Offered, CaseState.Escalated,
                CaseState.Assigned, CaseState.AwaitingInformation,
            ], CaseState.Withdrawn),
        [CaseMove.Redirect] = ([CaseState.Draft, CaseState.Incomplete], CaseState.Redirected),
        [CaseMove.Refuse] = ([CaseState.Draft, CaseState.Submitted, CaseState.Incomplete], CaseState.Refused),
    }.ToFrozenDictionary();

    public static Decision Decide(CaseState state, CaseMove move) =>
        Table[move].From.Contains(state) ? new Decision.Moves(move, state, Table[move].To) : new Decision.Forbidden(state, AllowedFrom(state));

    public static IReadOnlyList<CaseMove> AllowedFrom(CaseState state) => [.. Enum.GetValues<CaseMove>().Where(move => Table[move].From.Contains(state))];

    /// <summary>The patient's own words (answers, questions, social facts) can change until the file is complete.</summary>
    public static bool IsBeingWritten(CaseState state) => state is CaseState.Draft or CaseState.Incomplete;

    /// <summary>Documents can also be added while the physician waits for something.</summary>
    public static bool TakesDocuments(CaseState state) => IsBeingWritten(state) || state == CaseState.AwaitingInformation;

    /// <summary>Nothing happens any more.</summary>
    public static bool IsOver(CaseState state) => AllowedFrom(state).Count == 0;
}
