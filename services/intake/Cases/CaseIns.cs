using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Cases;

/// <summary>
/// The national health identity (identité nationale de santé): a matricule with the authority that gave it and the state of the identity. Its five traits
/// (birth name, given names, sex, birth date and place) are those of the person it stands with. The matricule may travel only with a qualified identity (RNIV;
/// French FHIR profile FRCorePatientINS).
/// </summary>
/// <param name="Matricule">15 characters, key included.</param>
/// <param name="Oid">Who gave it: one of <see cref="Authorities"/>.</param>
/// <param name="Status"><c>qualified</c>: read from the national service and proved by a document. Others may not carry a matricule.</param>
internal sealed record CaseIns(
    [property: Form("ins", "289043523899902")] string Matricule,
    [property: Codes(typeof(CaseIns), nameof(CaseIns.Authorities))] string Oid,
    [property: Codes(typeof(CaseIns), "Statuses")] string Status)
{
    public const string Qualified = "qualified";

    /// <summary>Assigning authorities by OID: NIR, NIA, and the two of the test and demonstration services.</summary>
    public static readonly IReadOnlyDictionary<string, string> Authorities = new Dictionary<string, string>
    {
        ["1.2.250.1.213.1.4.8"] = "NIR",
        ["1.2.250.1.213.1.4.9"] = "NIA",
        ["1.2.250.1.213.1.4.10"] = "NIR-TEST",
        ["1.2.250.1.213.1.4.11"] = "NIR-DEMO",
    };

    private static readonly string[] Statuses = ["provisional", "retrieved", "validated", Qualified];

    public IEnumerable<FieldError> Faults(string pointer)
    {
        if (!Authorities.TryGetValue(Oid, out var authority))
        {
            yield return new FieldError(
                $"{pointer}/oid", "unknown_code", "Cet OID n'est pas celui d'une autorité d'affectation de l'INS.", [.. Authorities.Keys]);
        }

        if (!Statuses.Contains(Status))
        {
            yield return new FieldError($"{pointer}/status", "unknown_code", "Cet état d'identité n'existe pas : choisissez-en un de la liste.", Statuses);
        }
        else if (Status != Qualified)
        {
            yield return new FieldError($"{pointer}/status", "not_qualified", "Le matricule INS ne circule qu'avec une identité qualifiée.");
        }

        // The published samples of the test services fail their own key.
        if (authority is "NIR" or "NIA" && !Nir.TryParse(Matricule, out _, out var reason))
        {
            yield return new FieldError($"{pointer}/matricule", "invalid_key", reason!);
        }
        else if (authority is "NIR-TEST" or "NIR-DEMO" && (Matricule.Length != Nir.Length || !Matricule.All(char.IsAsciiLetterOrDigit)))
        {
            yield return new FieldError($"{pointer}/matricule", "invalid_key", "Un matricule INS comporte 15 caractères.");
        }
    }
}
