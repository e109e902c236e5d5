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
}

/// <summary>The offer can no longer be accepted: declined by the physician, expired, or the case was withdrawn.</summary>
[EntityName("matching.offer-closed.v1")]
[MessageUrn("matching:offer-closed:v1")]
public sealed record OfferClosed
{
    public required Guid OfferId { get; init; }

    public required Guid CaseId { get; init; }

    public required Guid PhysicianId { get; init; }

    /// <summary><c>declined</c>, <c>expired</c> or <c>withdrawn</c>.</summary>
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
}

/// <summary>A coordinator must look: nobody left to ask, three refusals, or 72 h left on the clock.</summary>
[EntityName("matching.case-escalated.v1")]
[MessageUrn("matching:case-escalated:v1")]
public sealed record CaseEscalated
{
    public required Guid CaseId { get; init; }

    /// <summary><c>no_expert</c>, <c>too_many_refusals</c> or <c>deadline_near</c>.</summary>
    public required string Reason { get; init; }

    public required DateTimeOffset EscalatedAt { get; init; }
}
