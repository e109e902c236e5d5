using MassTransit;

namespace SecondOpinion.Contracts.Physician;

/// <summary>The scientific council admitted a référent, or the profile changed: the whole profile, so that the last one is enough.</summary>
[EntityName("physician.physician-admitted.v1")]
[MessageUrn("physician:physician-admitted:v1")]
public sealed record PhysicianAdmitted
{
    public required Guid PhysicianId { get; init; }

    /// <summary>R38 code, e.g. <c>SM20</c>.</summary>
    public required string SpecialtyCode { get; init; }

    /// <summary>Codes of the project's catalogue that the physician is a référent of.</summary>
    public required string[] PathologyCodes { get; init; }

    /// <summary>FINESS numbers of the places where the physician practises.</summary>
    public required string[] Establishments { get; init; }

    /// <summary>Cases that may be open with the physician at one time.</summary>
    public required int Capacity { get; init; }

    /// <summary>Pseudonyms of physicians with whom this one has declared a tie (family, associate, interest). Null in messages older than this field.</summary>
    public Guid[]? TiedPhysicians { get; init; }

    /// <summary>FINESS numbers of establishments with which a tie is declared, beyond the places of practice. Null in messages older than this field.</summary>
    public string[]? TiedEstablishments { get; init; }

    /// <summary>Languages in which the physician reads a file and writes, ISO 639-1. Null in messages older than this field: French.</summary>
    public string[]? Languages { get; init; }

    /// <summary><c>adults</c>, <c>children</c> or <c>all</c>. Null in messages older than this field: all.</summary>
    public string? Patients { get; init; }

    /// <summary>Of the pathologies, those in which the physician is a reference of the field. Null in messages older than this field.</summary>
    public string[]? ReferencePathologies { get; init; }

    /// <summary>Of the pathologies, those seen only now and then; what is in neither list is usual practice. Null in messages older than this field.</summary>
    public string[]? OccasionalPathologies { get; init; }

    public required DateTimeOffset AdmittedAt { get; init; }
}

[EntityName("physician.availability-changed.v1")]
[MessageUrn("physician:availability-changed:v1")]
public sealed record AvailabilityChanged
{
    public required Guid PhysicianId { get; init; }

    public required int Capacity { get; init; }

    /// <summary>No offers before this moment; null when available now.</summary>
    public required DateTimeOffset? AwayUntil { get; init; }

    /// <summary>Suspended by the scientific council: may read and sign nothing. Null in messages older than this field.</summary>
    public bool? Suspended { get; init; }

    /// <summary>New cases in seven days, at most. Null when only the open ones count, and in messages older than this field.</summary>
    public int? WeeklyCapacity { get; init; }

    /// <summary>Days of leave, first and last included, as ISO 8601 intervals: <c>2026-12-24/2027-01-03</c>. Null in messages older than this field.</summary>
    public string[]? Leaves { get; init; }

    public required DateTimeOffset ChangedAt { get; init; }
}

[EntityName("physician.offer-accepted.v1")]
[MessageUrn("physician:offer-accepted:v1")]
public sealed record OfferAccepted
{
    public required Guid OfferId { get; init; }

    public required Guid CaseId { get; init; }

    public required Guid PhysicianId { get; init; }

    public required DateTimeOffset AcceptedAt { get; init; }
}

[EntityName("physician.offer-declined.v1")]
[MessageUrn("physician:offer-declined:v1")]
public sealed record OfferDeclined
{
    public required Guid OfferId { get; init; }

    public required Guid CaseId { get; init; }

    public required Guid PhysicianId { get; init; }

    /// <summary><c>unavailable</c>, <c>not_my_field</c>, <c>conflict_of_interest</c> or <c>other</c>.</summary>
    public required string Reason { get; init; }

    public required DateTimeOffset DeclinedAt { get; init; }
}

/// <summary>The physician waits for the patient: the 7-day clock stands still. The question itself stays in intake.</summary>
[EntityName("physician.information-requested.v1")]
[MessageUrn("physician:information-requested:v1")]
public sealed record InformationRequested
{
    public required Guid RequestId { get; init; }

    public required Guid CaseId { get; init; }

    public required Guid PhysicianId { get; init; }

    public required DateTimeOffset RequestedAt { get; init; }
}

/// <summary>The physician works on the opinion: a draft was saved. At most once an hour for a case; no content.</summary>
[EntityName("physician.opinion-progressed.v1")]
[MessageUrn("physician:opinion-progressed:v1")]
public sealed record OpinionProgressed
{
    public required Guid CaseId { get; init; }

    public required Guid PhysicianId { get; init; }

    public required DateTimeOffset ProgressedAt { get; init; }
}

/// <summary>A signed opinion exists. No clinical field: billing listens to it.</summary>
[EntityName("physician.opinion-delivered.v1")]
[MessageUrn("physician:opinion-delivered:v1")]
public sealed record OpinionDelivered
{
    public required Guid OpinionId { get; init; }

    public required Guid CaseId { get; init; }

    public required Guid PhysicianId { get; init; }

    /// <summary>1 for the first; a correction is a new version of the same opinion.</summary>
    public required int Version { get; init; }

    public required DateTimeOffset DeliveredAt { get; init; }
}

/// <summary>What the opinion changed, in codes. Reporting alone listens to it. Convergence is derived and never a physician's score.</summary>
[EntityName("physician.opinion-outcome-recorded.v1")]
[MessageUrn("physician:opinion-outcome-recorded:v1")]
public sealed record OpinionOutcomeRecorded
{
    public required Guid OpinionId { get; init; }

    public required Guid CaseId { get; init; }

    public required int Version { get; init; }

    public required string PathologyCode { get; init; }

    /// <summary><c>confirmed</c>, <c>clarified</c> or <c>changed</c>.</summary>
    public required string Diagnosis { get; init; }

    /// <summary><c>confirmed</c>, <c>clarified</c> or <c>changed</c>.</summary>
    public required string Treatment { get; init; }

    /// <summary><c>none</c>, <c>minor</c>, <c>moderate</c> or <c>major</c>.</summary>
    public required string Impact { get; init; }

    public required DateTimeOffset RecordedAt { get; init; }
}

/// <summary>
/// When an opinion converges with the first physician's: one definition for the physician's page, the indicators and the glossary. It describes, and is neither
/// a target nor a score. Source: Meyer et al. 2015 and the mission report both count what was not changed.
/// </summary>
public static class ConvergenceDefinition
{
    /// <summary>1 asked for both to be confirmed; since 2 what is clarified converges.</summary>
    public const int Version = 2;

    /// <summary>The code of a finding that differs.</summary>
    public const string Changed = "changed";

    /// <summary>Neither is changed.</summary>
    /// <param name="diagnosis"><c>confirmed</c>, <c>clarified</c> or <c>changed</c>.</param>
    /// <param name="treatment">The same.</param>
    public static bool Holds(string diagnosis, string treatment) => diagnosis != Changed && treatment != Changed;
}
