namespace SecondOpinion.Intake.Catalogue;

/// <summary>One entry of the project's own catalogue (Catalogue/data/pathologies.csv).</summary>
internal sealed record Pathology(
    string Code,
    string Name,
    IReadOnlyList<string> Synonyms,
    IReadOnlyList<string> Abbreviations,
    IReadOnlyList<string> Cim10,
    string Specialty,
    IReadOnlyList<string> OtherSpecialties,
    string Organ,
    string Family,
    bool Rare,
    bool Paediatric,
    IReadOnlyList<string> Documents,
    string? InPerson);

/// <summary>A kind of document that a file may hold.</summary>
/// <param name="Code">Stable, e.g. <c>consultation_report</c>.</param>
/// <param name="Name">French.</param>
/// <param name="TypeCode">LOINC, or the ANS code where LOINC has none.</param>
/// <param name="TypeSystem"><c>LOINC</c> or <c>ANS</c>.</param>
/// <param name="Hint">Where to find it, French.</param>
internal sealed record DocumentKind(string Code, string Name, string TypeCode, string TypeSystem, string Hint);
