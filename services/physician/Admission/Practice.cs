using System.ComponentModel.DataAnnotations;
using System.Text.RegularExpressions;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Physician.Admission;

/// <summary>What a référent does, and for whom: matching chooses by it.</summary>
/// <param name="DisplayName">As patients read it on the opinion, e.g. <c>Dr Alix EXEMPLE-DURANCE</c>.</param>
/// <param name="SpecialtyCode">R38 code, e.g. <c>SM20</c>.</param>
/// <param name="PathologyCodes">Codes of the catalogue, at least one.</param>
/// <param name="Establishments">FINESS numbers of every place of practice; they decide independence.</param>
/// <param name="ReferencePathologies">Of the pathologies, those in which the physician is a reference of the field.</param>
/// <param name="OccasionalPathologies">Of the pathologies, those seen only now and then; what is in neither list is usual practice.</param>
/// <param name="Languages">In which a file is read and an opinion explained; French when left out.</param>
/// <param name="Patients"><c>adults</c>, <c>children</c> or <c>all</c>; all when left out.</param>
internal sealed partial record Practice(
    [property: Length(1, Practice.MaxName)] string DisplayName,
    [property: RegularExpression("^" + Practice.SpecialtyForm + "$")] string SpecialtyCode,
    [property: Length(1, Practice.MaxPathologies)] IReadOnlyList<string> PathologyCodes,
    [property: MaxLength(Practice.MaxEstablishments)] IReadOnlyList<string> Establishments,
    [property: MaxLength(Practice.MaxPathologies)] IReadOnlyList<string>? ReferencePathologies = null,
    [property: MaxLength(Practice.MaxPathologies)] IReadOnlyList<string>? OccasionalPathologies = null,
    [property: MaxLength(Practice.MaxLanguages), Codes(typeof(SpokenLanguage), nameof(SpokenLanguage.Codes))] IReadOnlyList<string>? Languages = null,
    [property: Codes(typeof(Practice), nameof(Practice.Ages))] string? Patients = null)
{
    internal const int MaxName = 120;
    internal const int MaxPathologies = 200;
    internal const int MaxEstablishments = 50;
    internal const int MaxLanguages = 20;
    internal const string SpecialtyForm = "SM[0-9]{2}";
    internal const string AllAges = "all";

    internal static IReadOnlyList<string> Ages => [AllAges, "adults", "children"];

    /// <summary>The row with this practice.</summary>
    public PhysicianRow Of(PhysicianRow row) => row with
    {
        DisplayName = DisplayName.Trim(),
        SpecialtyCode = SpecialtyCode,
        PathologyCodes = [.. PathologyCodes.Distinct()],
        Establishments = [.. Establishments.Select(e => Finess.Parse(e).Value).Distinct()],
        ReferencePathologies = [.. (ReferencePathologies ?? []).Distinct()],
        OccasionalPathologies = [.. (OccasionalPathologies ?? []).Distinct()],
        Languages = Languages is { Count: > 0 } ? [.. Languages.Distinct()] : [SpokenLanguage.French],
        Patients = Patients ?? AllAges,
    };

    public IEnumerable<FieldError> Faults(string pointer)
    {
        if (DisplayName.Trim().Length is 0 or > MaxName || DisplayName.Any(char.IsControl))
        {
            yield return new FieldError(
                $"{pointer}/displayName", "invalid_length", $"Indiquez le nom tel que le patient le lit, de 1 à {MaxName} caractères.");
        }

        if (!SpecialtyShape().IsMatch(SpecialtyCode))
        {
            yield return new FieldError($"{pointer}/specialtyCode", "invalid_code", "Un code de spécialité a la forme SM20.");
        }

        if (PathologyCodes.Count is 0 or > MaxPathologies)
        {
            yield return new FieldError($"{pointer}/pathologyCodes", "invalid_length", $"Indiquez de 1 à {MaxPathologies} maladies du catalogue.");
        }

        foreach (var (index, code) in PathologyCodes.Index().Where(p => !PathologyShape().IsMatch(p.Item)))
        {
            yield return new FieldError(
                $"{pointer}/pathologyCodes/{index}", "invalid_code", "Un code du catalogue comporte des minuscules, des chiffres et des tirets.");
        }

        foreach (var (index, establishment) in Establishments.Index())
        {
            if (!Finess.TryParse(establishment, out _, out var fault))
            {
                yield return new FieldError($"{pointer}/establishments/{index}", "invalid_finess", fault!);
            }
        }

        if (Establishments.Count > MaxEstablishments)
        {
            yield return new FieldError($"{pointer}/establishments", "invalid_length", $"Au plus {MaxEstablishments} établissements.");
        }

        if (Languages is { Count: > MaxLanguages })
        {
            yield return new FieldError($"{pointer}/languages", "invalid_length", $"Au plus {MaxLanguages} langues.");
        }

        foreach (var fault in Levels("referencePathologies", ReferencePathologies).Concat(Levels("occasionalPathologies", OccasionalPathologies)))
        {
            yield return fault with { Pointer = pointer + fault.Pointer };
        }

        foreach (var (index, language) in (Languages ?? []).Index().Where(l => !SpokenLanguage.Codes.Contains(l.Item)))
        {
            yield return new FieldError($"{pointer}/languages/{index}", "unknown_code", "Cette langue n'est pas dans la liste.", SpokenLanguage.Codes);
        }

        if (Patients is not null && !Ages.Contains(Patients))
        {
            yield return new FieldError($"{pointer}/patients", "unknown_code", "Indiquez pour quels patients : une valeur de la liste.", Ages);
        }
    }

    /// <summary>A level is of a pathology that the physician has, and each has one level.</summary>
    private IEnumerable<FieldError> Levels(string field, IReadOnlyList<string>? codes)
    {
        foreach (var (index, code) in (codes ?? []).Index())
        {
            if (!PathologyCodes.Contains(code))
            {
                yield return new FieldError($"/{field}/{index}", "not_among_pathologies", "Cette maladie n'est pas parmi celles du médecin.");
            }
            else if ((ReferencePathologies ?? []).Contains(code) && (OccasionalPathologies ?? []).Contains(code))
            {
                yield return new FieldError($"/{field}/{index}", "two_levels", "Une maladie a un seul niveau : référence, habituel ou occasionnel.");
            }
        }
    }

    [GeneratedRegex(@"\A" + SpecialtyForm + @"\z")]
    private static partial Regex SpecialtyShape();

    [GeneratedRegex(@"\A[a-z0-9]+(-[a-z0-9]+)*\z")]
    private static partial Regex PathologyShape();
}
