using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;

namespace SecondOpinion.Intake.Catalogue;

/// <summary>The catalogue as shipped in the assembly: read once at start, never changed while running.</summary>
internal sealed class PathologyCatalogue
{
    /// <summary>Proof that a relative may act for the patient; not medical, so not part of the catalogue's documents.</summary>
    public const string AuthorityProof = "authority_proof";

    private readonly FrozenDictionary<string, Pathology> _byCode;

    private PathologyCatalogue(
        IReadOnlyList<Pathology> pathologies,
        IEnumerable<DocumentKind> documents,
        IReadOnlyDictionary<string, string> families,
        IReadOnlyDictionary<string, string> organs,
        IReadOnlyDictionary<string, string> specialties,
        IReadOnlyDictionary<string, string> inPersonReasons)
    {
        Pathologies = pathologies;
        _byCode = pathologies.ToFrozenDictionary(p => p.Code, StringComparer.Ordinal);
        Documents = documents.Append(new DocumentKind(
                AuthorityProof, FrenchText.Typeset("Justificatif : vous pouvez agir pour la personne malade"), "DOCPAT09", "ANS",
                FrenchText.Typeset("Pour un enfant : le livret de famille. Pour un adulte protégé : le jugement de tutelle ou le mandat.")))
            .ToFrozenDictionary(d => d.Code, StringComparer.Ordinal);
        Families = families;
        Organs = organs;
        Specialties = specialties;
        InPersonReasons = inPersonReasons;
    }

    public IReadOnlyList<Pathology> Pathologies { get; }

    public IReadOnlyDictionary<string, DocumentKind> Documents { get; }

    public IReadOnlyDictionary<string, string> Families { get; }

    public IReadOnlyDictionary<string, string> Organs { get; }

    public IReadOnlyDictionary<string, string> Specialties { get; }

    /// <summary>Why some diseases are better seen in person, by code of the rule.</summary>
    public IReadOnlyDictionary<string, string> InPersonReasons { get; }

    public bool TryGet(string code, [NotNullWhen(true)] out Pathology? pathology) => _byCode.TryGetValue(code, out pathology);

    public Pathology this[string code] => _byCode[code];

    public static PathologyCatalogue Load() => new(
        [
            .. DataFile.Rows("Catalogue/pathologies.csv").Select(row => new Pathology(
                row["code"], row["name"], DataFile.List(row["synonyms"]), DataFile.List(row["abbreviations"]), DataFile.List(row["cim10"]), row["specialty"],
                DataFile.List(row["other_specialties"]), row["organ"], row["family"], row["rare"] == "1", row["paediatric"] == "1",
                DataFile.List(row["documents"]),
                row["in_person"] is { Length: > 0 } rule ? rule : null)),
        ],
        DataFile.Rows("Catalogue/documents.csv").Select(row => new DocumentKind(
            row["code"], FrenchText.Typeset(row["name_fr"]), row["type_code"], row["type_system"], FrenchText.Typeset(row["hint_fr"]))),
        Names("families", "name_fr"),
        Names("organs", "name_fr"),
        Names("specialties", "name_fr"),
        Names("in_person_rules", "reason_fr"));

    private static FrozenDictionary<string, string> Names(string file, string column) =>
        DataFile.Rows($"Catalogue/{file}.csv").ToFrozenDictionary(row => row["code"], row => FrenchText.Typeset(row[column]), StringComparer.Ordinal);
}
