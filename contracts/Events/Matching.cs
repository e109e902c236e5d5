using MassTransit;

namespace SecondOpinion.Contracts.Matching;

[EntityName("matching.case-offered.v1")]
[MessageUrn("matching:case-offered:v1")]
public sealed record CaseOffered
{
    public required Guid OfferId { get; init; }

    public required Guid CaseId { get; init; }

    public required Guid PhysicianId { get; init; }

    public required string PathologyCode { get; init; }

    /// <summary>1 for the first physician asked, 2 for the next…</summary>
    public required int Rank { get; init; }

    public required DateTimeOffset OfferedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>End of the case's 7-day clock when it was offered.</summary>
    public required DateTimeOffset DueAt { get; init; }

    /// <summary>Why this one: <c>pathology</c> (a référent of it), <c>specialty</c> (there is none) or <c>coordinator</c>. Null in older messages.</summary>
    public string? Basis { get; init; }

    /// <summary>How many physicians came into question. Null in messages older than this field.</summary>
    public int? Considered { get; init; }
}

/// <summary>The offer has ended: declined by the physician, expired, the case was withdrawn, or the physician is replaced.</summary>
[EntityName("matching.offer-closed.v1")]
[MessageUrn("matching:offer-closed:v1")]
public sealed record OfferClosed
{
    public required Guid OfferId { get; init; }

    public required Guid CaseId { get; init; }

    public required Guid PhysicianId { get; init; }

    /// <summary>
    /// <c>declined</c>, <c>expired</c>, <c>withdrawn</c>, or <c>replaced</c>: it was accepted, nothing came, and somebody else is asked.
    /// </summary>
    public required string Reason { get; init; }

    public required DateTimeOffset ClosedAt { get; init; }
}

[EntityName("matching.case-assigned.v1")]
[MessageUrn("matching:case-assigned:v1")]
public sealed record CaseAssigned
{
    public required Guid OfferId { get; init; }

    public required Guid CaseId { get; init; }

    public required Guid PhysicianId { get; init; }

    public required DateTimeOffset AssignedAt { get; init; }

    /// <summary>When the opinion is expected, from how long this physician's last ones took. Null in messages older than this field.</summary>
    public DateTimeOffset? PredictedAt { get; init; }

    /// <summary>Why this one: <c>pathology</c> (a référent of it), <c>specialty</c> (there is none) or <c>coordinator</c>. Null in older messages.</summary>
    public string? Basis { get; init; }

    /// <summary>How many physicians came into question. Null in messages older than this field.</summary>
    public int? Considered { get; init; }
}

/// <summary>Nothing has been heard of an accepted case for a third of the time there was: the physician is reminded.</summary>
[EntityName("matching.physician-reminded.v1")]
[MessageUrn("matching:physician-reminded:v1")]
public sealed record PhysicianReminded
{
    public required Guid OfferId { get; init; }

    public required Guid CaseId { get; init; }

    public required Guid PhysicianId { get; init; }

    public required DateTimeOffset RemindedAt { get; init; }

    /// <summary>End of the 7-day clock.</summary>
    public required DateTimeOffset DueAt { get; init; }
}

/// <summary>A coordinator must look: nobody can be asked, or the physician who accepted is silent.</summary>
[EntityName("matching.case-escalated.v1")]
[MessageUrn("matching:case-escalated:v1")]
public sealed record CaseEscalated
{
    public required Guid CaseId { get; init; }

    /// <summary>
    /// <c>no_expert</c>, <c>too_many_refusals</c>, <c>deadline_near</c>; of an accepted case <c>silent_physician</c>, <c>no_replacement</c> or
    /// <c>overdue</c>.
    /// </summary>
    public required string Reason { get; init; }

    public required DateTimeOffset EscalatedAt { get; init; }
}
