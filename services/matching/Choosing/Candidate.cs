using System.Text.Json.Serialization;

namespace SecondOpinion.Matching.Choosing;

/// <summary>In the order in which candidates are listed.</summary>
internal enum Verdict
{
    /// <summary>This one was asked.</summary>
    Chosen,
    /// <summary>Could have been asked; another one came first.</summary>
    Eligible,
    /// <summary>All places are taken.</summary>
    Full,
    /// <summary>Not available now.</summary>
    Away,
    /// <summary>Was asked for this case before.</summary>
    [JsonStringEnumMemberName("already_asked")]
    AlreadyAsked,

    /// <summary>Works where the patient is treated, or in another house of the same legal entity.</summary>
    [JsonStringEnumMemberName("not_independent")]
    NotIndependent,

    /// <summary>Asks for this very opinion, treats the patient or coordinates the care.</summary>
    [JsonStringEnumMemberName("treats_patient")]
    TreatsPatient,

    /// <summary>Has declared a tie with one of those physicians or houses.</summary>
    [JsonStringEnumMemberName("declared_tie")]
    DeclaredTie,
}

/// <summary>One physician who was considered, and why taken or left.</summary>
/// <param name="PhysicianId">Who came into question.</param>
/// <param name="Reason"><c>chosen</c>, <c>eligible</c> (another one came first), <c>full</c>, <c>away</c>, <c>already_asked</c>,
/// <c>not_independent</c>, <c>treats_patient</c> or <c>declared_tie</c>.</param>
/// <param name="OpenCases">Places held when the choice was made.</param>
/// <param name="Capacity">Places in all.</param>
/// <param name="LastOfferedAt">Null when never asked before.</param>
internal sealed record Candidate(Guid PhysicianId, Verdict Reason, int OpenCases, int Capacity, DateTimeOffset? LastOfferedAt)
{
    public static Candidate Of(Expert expert, Verdict verdict) => new(expert.PhysicianId, verdict, expert.OpenCases, expert.Capacity, expert.LastOfferedAt);
}
