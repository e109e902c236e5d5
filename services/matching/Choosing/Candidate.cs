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
    /// <summary>As many new cases as wanted in a week.</summary>
    [JsonStringEnumMemberName("week_full")]
    WeekFull,

    /// <summary>Not available now, or on leave for most of the time that is left.</summary>
    Away,
    /// <summary>Was asked for this case before.</summary>
    [JsonStringEnumMemberName("already_asked")]
    AlreadyAsked,

    /// <summary>Sees adults only, or children only.</summary>
    [JsonStringEnumMemberName("other_age")]
    OtherAge,

    /// <summary>Does not know the patient's language.</summary>
    [JsonStringEnumMemberName("other_language")]
    OtherLanguage,

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
/// <param name="Reason"><c>chosen</c>, <c>eligible</c> (another one came first), <c>full</c>, <c>week_full</c>, <c>away</c>, <c>already_asked</c>,
/// <c>other_age</c>, <c>other_language</c>, <c>not_independent</c>, <c>treats_patient</c> or <c>declared_tie</c>.</param>
/// <param name="OpenCases">Places held when the choice was made.</param>
/// <param name="Capacity">Places in all.</param>
/// <param name="LastOfferedAt">Null when never asked before.</param>
/// <param name="Score">Load and fit together; the lowest is asked first. Null in choices older than the score.</param>
internal sealed record Candidate(Guid PhysicianId, Verdict Reason, int OpenCases, int Capacity, DateTimeOffset? LastOfferedAt, double? Score = null)
{
    public static Candidate Of(Expert expert, Verdict verdict, double score) =>
        new(expert.PhysicianId, verdict, expert.OpenCases, expert.Capacity, expert.LastOfferedAt, Math.Round(score, 3));
}
