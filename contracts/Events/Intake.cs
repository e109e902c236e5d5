using MassTransit;

namespace SecondOpinion.Contracts.Intake;

/// <summary>
/// A patient, a relative, a physician or a phone agent opened a case. Codes only: billing never subscribes to it, since it names the pathology.
/// </summary>
[EntityName("intake.case-opened.v1")]
[MessageUrn("intake:case-opened:v1")]
public sealed record CaseOpened
{
    public required Guid CaseId { get; init; }

    /// <summary>Code of the project's catalogue, e.g. <c>endometriose</c>.</summary>
    public required string PathologyCode { get; init; }

    /// <summary>
    /// Always null since it stood beside the pathology and the département; readers learn the insurer from <c>CoverageReserved</c>. The field stays, since it
    /// is published.
    /// </summary>
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

    /// <summary>
    /// Pseudonyms of the physicians who ask, treat or coordinate the care: none of them gives the second opinion. Null in messages older than this field.
    /// </summary>
    public Guid[]? InvolvedPhysicians { get; init; }

    /// <summary>
    /// <c>given</c> (the establishment is told), <c>none</c> (the patient says that no establishment treats them) or <c>unknown</c> (the patient does not
    /// know: a coordinator judges). Null in messages older than this field.
    /// </summary>
    public string? PlaceOfCare { get; init; }

    /// <summary>Below 18 on that day: a référent who sees adults only is not asked. Null in messages older than this field.</summary>
    public bool? PatientIsMinor { get; init; }

    /// <summary>In which the patient wants to be answered, ISO 639-1. Null in messages older than this field: French.</summary>
    public string? Language { get; init; }

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

/// <summary>
/// The case was erased: whoever keeps a key of it destroys that key, and lets go of whatever leads from the case to somebody.
/// </summary>
[EntityName("intake.case-erased.v1")]
[MessageUrn("intake:case-erased:v1")]
public sealed record CaseErased
{
    public required Guid CaseId { get; init; }

    /// <summary><c>patient</c> (asked for) or <c>retention</c> (kept long enough).</summary>
    public required string Reason { get; init; }

    public required DateTimeOffset ErasedAt { get; init; }
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

/// <summary>What the patient chose to tell for the equity indicators, in codes, once the file is complete. Reporting alone listens to it.</summary>
[EntityName("intake.social-facts-told.v1")]
[MessageUrn("intake:social-facts-told:v1")]
public sealed record SocialFactsTold
{
    public required Guid CaseId { get; init; }

    /// <summary>Département of residence (COG), null when not told.</summary>
    public required string? DepartmentCode { get; init; }

    /// <summary>INSEE's PCS, level 1: <c>1</c> to <c>8</c>, <c>prefer_not_to_say</c>, or null when not asked or not answered.</summary>
    public required string? PcsGroup { get; init; }

    /// <summary>
    /// The mission report's grid: <c>csp_plus</c>, <c>employee</c>, <c>intermediate</c>, <c>other</c>, <c>inactive</c>, <c>retired</c> or
    /// <c>prefer_not_to_say</c>.
    /// </summary>
    public required string? MissionCategory { get; init; }

    /// <summary>Version of the mapping from one grid to the other.</summary>
    public required int MappingVersion { get; init; }

    /// <summary><c>yes</c>, <c>no</c>, <c>prefer_not_to_say</c> or null.</summary>
    public required string? Disability { get; init; }

    /// <summary>
    /// <c>physician</c>, <c>insurer</c>, <c>employer</c>, <c>association</c>, <c>relative</c>, <c>press</c>, <c>internet</c>, <c>other</c>,
    /// <c>prefer_not_to_say</c> or null.
    /// </summary>
    public required string? HeardFrom { get; init; }

    /// <summary><c>yes</c>, <c>no</c>, <c>no_treating_physician</c>, <c>prefer_not_to_say</c> or null.</summary>
    public required string? TreatingPhysicianAware { get; init; }

    /// <summary><c>clarify_diagnosis</c>, <c>alternative_treatment</c>, <c>reference_expertise</c> or <c>time_to_decide</c>.</summary>
    public required string? Reason { get; init; }

    /// <summary>When in the course of care the opinion is asked for, e.g. <c>before_operation</c>.</summary>
    public required string? Timing { get; init; }

    public required DateTimeOffset ToldAt { get; init; }
}
