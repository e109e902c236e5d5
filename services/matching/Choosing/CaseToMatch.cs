using SecondOpinion.Contracts.Identifiers;

namespace SecondOpinion.Matching.Choosing;

/// <summary>What a choice looks at.</summary>
/// <param name="PathologyCode">Code of the catalogue.</param>
/// <param name="SpecialtyCode">Canonical R38 code.</param>
/// <param name="DueAt">End of its clock.</param>
/// <param name="Places">FINESS numbers of where the patient is treated, and of where those work who ask, treat or coordinate.</param>
/// <param name="Involved">Pseudonyms of the physicians who ask, treat or coordinate.</param>
/// <param name="AlreadyAsked">Physicians who had an offer of this case.</param>
internal sealed record CaseToMatch(
    string PathologyCode, string SpecialtyCode, DateTimeOffset DueAt, IReadOnlyCollection<string> Places, IReadOnlySet<Guid> Involved,
    IReadOnlySet<Guid> AlreadyAsked)
{
    /// <summary>Below 18 when the file was complete.</summary>
    public bool IsMinor { get; init; }

    /// <summary>In which the patient wants to be answered, ISO 639-1.</summary>
    public string Language { get; init; } = SpokenLanguage.French;
}
