using MassTransit;

namespace SecondOpinion.Contracts.Intake;

/// <summary>A patient, a relative, a physician or a phone agent opened a case. Codes only: billing never subscribes to it, since it names the pathology.</summary>
[EntityName("intake.case-opened.v1")]
[MessageUrn("intake:case-opened:v1")]
public sealed record CaseOpened
{
    public required Guid CaseId { get; init; }

    /// <summary>Code of the project's catalogue, e.g. <c>endometriose</c>.</summary>
    public required string PathologyCode { get; init; }

    public required Guid? InsurerId { get; init; }

    /// <summary><c>covered</c>, <c>pending</c> (billing was away) or <c>refused</c>.</summary>
    public required string Coverage { get; init; }

    /// <summary><c>patient</c>, <c>relative</c>, <c>physician</c> or <c>agent</c>.</summary>
    public required string RequestedBy { get; init; }

    /// <summary>Département of residence (COG: 01…95, 2A, 2B, 971…), null when not told.</summary>
    public required string? DepartmentCode { get; init; }

    public required DateTimeOffset OpenedAt { get; init; }
}

/// <summary>The case moved along the state machine of intake; every move is told, in order per case.</summary>
[EntityName("intake.case-state-changed.v1")]
[MessageUrn("intake:case-state-changed:v1")]
public sealed record CaseStateChanged
{
    public required Guid CaseId { get; init; }

    /// <summary>Counts the moves of the case from 1: a reader that has seen a higher one ignores this one.</summary>
    public required int Sequence { get; init; }

    public required string From { get; init; }

    public required string To { get; init; }

    public required DateTimeOffset ChangedAt { get; init; }
}

/// <summary>The file is complete and submitted: the 7-day clock starts.</summary>
[EntityName("intake.case-completed.v1")]
[MessageUrn("intake:case-completed:v1")]
public sealed record CaseCompleted
{
    public required Guid CaseId { get; init; }

    public required string PathologyCode { get; init; }

    /// <summary>R38 code of the main specialty, e.g. <c>SM20</c>.</summary>
    public required string SpecialtyCode { get; init; }

    /// <summary>FINESS of the establishment that treats the patient; an expert who practises there is not independent.</summary>
    public required string? TreatingEstablishment { get; init; }

    public required DateTimeOffset SubmittedAt { get; init; }

    public required DateTimeOffset CompletedAt { get; init; }

    /// <summary>End of the 7-day clock as it stands now; each pause moves it.</summary>
    public required DateTimeOffset DueAt { get; init; }
}

[EntityName("intake.case-withdrawn.v1")]
[MessageUrn("intake:case-withdrawn:v1")]
public sealed record CaseWithdrawn
{
    public required Guid CaseId { get; init; }

    public required DateTimeOffset WithdrawnAt { get; init; }
}

/// <summary>The patient answered the physician's request; the clock runs again.</summary>
[EntityName("intake.information-provided.v1")]
[MessageUrn("intake:information-provided:v1")]
public sealed record InformationProvided
{
    public required Guid CaseId { get; init; }

    public required Guid RequestId { get; init; }

    public required Guid PhysicianId { get; init; }

    public required DateTimeOffset DueAt { get; init; }

    public required DateTimeOffset ProvidedAt { get; init; }
}

[EntityName("intake.consent-changed.v1")]
[MessageUrn("intake:consent-changed:v1")]
public sealed record ConsentChanged
{
    public required Guid CaseId { get; init; }

    /// <summary><c>processing</c>, <c>sharing_with_treating_physician</c> or <c>contact_after_six_months</c>.</summary>
    public required string Purpose { get; init; }

    public required bool Granted { get; init; }

    public required DateTimeOffset ChangedAt { get; init; }
}
