using MassTransit;

namespace SecondOpinion.Contracts.Billing;

/// <summary>
/// Somebody pays for the case: the insurer, whose engagement number is a guarantee of payment, or the solidarity fund or the patient,
/// whose <c>InsurerId</c> is all zeros.
/// </summary>
[EntityName("billing.coverage-reserved.v1")]
[MessageUrn("billing:coverage-reserved:v1")]
public sealed record CoverageReserved
{
    public required Guid CaseId { get; init; }

    public required Guid InsurerId { get; init; }

    public required string EngagementNumber { get; init; }

    public required DateTimeOffset ReservedAt { get; init; }
}

[EntityName("billing.coverage-refused.v1")]
[MessageUrn("billing:coverage-refused:v1")]
public sealed record CoverageRefused
{
    public required Guid CaseId { get; init; }

    /// <summary>Refusal code of billing's catalogue, e.g. <c>not_recognised</c>.</summary>
    public required string RefusalCode { get; init; }

    public required DateTimeOffset RefusedAt { get; init; }
}

/// <summary>A case's reservation was given back: withdrawn, or expired unused. <c>InsurerId</c> is all zeros when no insurer held it.</summary>
[EntityName("billing.coverage-released.v1")]
[MessageUrn("billing:coverage-released:v1")]
public sealed record CoverageReleased
{
    public required Guid CaseId { get; init; }

    public required Guid InsurerId { get; init; }

    public required DateTimeOffset ReleasedAt { get; init; }
}

[EntityName("billing.roster-imported.v1")]
[MessageUrn("billing:roster-imported:v1")]
public sealed record RosterImported
{
    public required Guid InsurerId { get; init; }

    public required int RosterVersion { get; init; }

    public required long Accepted { get; init; }

    public required long Rejected { get; init; }

    public required DateTimeOffset ImportedAt { get; init; }
}

/// <summary>
/// A delivered opinion was booked: what its payer owes and what the physician is due. <c>InsurerId</c> is all zeros when no insurer pays.
/// </summary>
[EntityName("billing.opinion-booked.v1")]
[MessageUrn("billing:opinion-booked:v1")]
public sealed record OpinionBooked
{
    public required Guid CaseId { get; init; }

    public required Guid InsurerId { get; init; }

    public required long ReceivableCents { get; init; }

    public required long PayableCents { get; init; }

    public required DateTimeOffset BookedAt { get; init; }
}
