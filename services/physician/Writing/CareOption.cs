using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Physician.Writing;

/// <summary>How sure medicine is of what an option does: the grades of the Haute Autorité de santé.</summary>
internal enum Evidence
{
    /// <summary>Proved.</summary>
    [JsonStringEnumMemberName("a")]
    A,

    /// <summary>Presumed from studies.</summary>
    [JsonStringEnumMemberName("b")]
    B,

    /// <summary>Little.</summary>
    [JsonStringEnumMemberName("c")]
    C,

    /// <summary>Experts agree; there are no studies.</summary>
    [JsonStringEnumMemberName("expert")]
    Expert,
}

/// <summary>One way that was weighed, so that the patient can choose.</summary>
/// <param name="Name">What it is, in French, e.g. an operation, a medicine, or to wait.</param>
/// <param name="Benefits">What it may bring; at least one to sign.</param>
/// <param name="Risks">What it may cost; at least one to sign.</param>
/// <param name="Evidence"><c>a</c> (proved), <c>b</c> (presumed), <c>c</c> (little) or <c>expert</c> (agreement of experts), as the HAS grades.</param>
/// <param name="References">Numbers of the opinion's references that it rests on, from 1.</param>
[HealthData]
internal sealed record CareOption(
    [property: MaxLength(CareOption.MaxName)] string? Name = null,
    [property: MaxLength(CareOption.MaxEffects)] IReadOnlyList<CareEffect>? Benefits = null,
    [property: MaxLength(CareOption.MaxEffects)] IReadOnlyList<CareEffect>? Risks = null,
    Evidence? Evidence = null,
    [property: MaxLength(CareOption.MaxEffects)] IReadOnlyList<int>? References = null)
{
    internal const int MaxName = 200;
    internal const int MaxEffects = 10;

    /// <summary>What even a draft must keep to.</summary>
    public IEnumerable<FieldError> CheckDraft(string pointer, int references)
    {
        if (!OpinionContent.IsText(Name ?? "", MaxName))
        {
            yield return new($"{pointer}/name", "invalid_text", $"Le nom d'une option compte au plus {MaxName} caractères, sans caractère de contrôle.");
        }

        foreach (var (part, effects) in new[] { ("benefits", Benefits), ("risks", Risks) })
        {
            if (effects?.Count > MaxEffects)
            {
                yield return new($"{pointer}/{part}", "too_many", $"Une option compte au plus {MaxEffects} bénéfices et {MaxEffects} risques.");
            }

            foreach (var fault in (effects ?? []).Index().SelectMany(e => e.Item.Check($"{pointer}/{part}/{e.Index}")))
            {
                yield return fault;
            }
        }

        if (References?.Count > MaxEffects || (References ?? []).Any(r => r < 1 || r > references))
        {
            yield return new($"{pointer}/references", "unknown_reference", "Une option renvoie aux références de l'avis par leur numéro, à partir de 1.");
        }
    }

    public IEnumerable<FieldError> CheckForSigning(string pointer)
    {
        if (string.IsNullOrWhiteSpace(Name))
        {
            yield return new($"{pointer}/name", "required", "Dites de quelle option il s'agit.");
        }

        if (Benefits is not [_, ..] || Risks is not [_, ..])
        {
            yield return new(pointer, "one_sided", "Une option se choisit en connaissant ses bénéfices et ses risques : donnez au moins un de chaque.");
        }

        if (Evidence is null)
        {
            yield return new($"{pointer}/evidence", "required", "Dites sur quel niveau de preuve repose cette option.");
        }
    }
}

/// <summary>
/// What an option may bring or cost. Figures are natural frequencies over one number of people, with and without it, since percentages and relative figures
/// mislead (« le risque double »).
/// </summary>
/// <param name="Text">What happens, in French.</param>
/// <param name="OutOf">Of how many people: 10, 100, 1000 or 10000; null when no figure is known.</param>
/// <param name="With">How many of them with this option.</param>
/// <param name="Without">How many of them without it; null when it is not known.</param>
/// <param name="Horizon">Within what time, in French, e.g. <c>en cinq ans</c>.</param>
[HealthData]
internal sealed record CareEffect(
    [property: MaxLength(CareEffect.MaxText)] string Text,
    [property: Range(10, CareEffect.MaxPeople)] int? OutOf = null,
    [property: Range(0, CareEffect.MaxPeople)] int? With = null,
    [property: Range(0, CareEffect.MaxPeople)] int? Without = null,
    [property: MaxLength(CareEffect.MaxHorizon)] string? Horizon = null)
{
    private const int MaxText = 500;
    private const int MaxHorizon = 60;
    private const int MaxPeople = 10_000;

    public IEnumerable<FieldError> Check(string pointer)
    {
        if (string.IsNullOrWhiteSpace(Text) || !OpinionContent.IsText(Text, MaxText))
        {
            yield return new($"{pointer}/text", "invalid_text", $"Un effet se décrit en 1 à {MaxText} caractères, sans caractère de contrôle.");
        }

        if (!OpinionContent.IsText(Horizon ?? "", MaxHorizon))
        {
            yield return new($"{pointer}/horizon", "invalid_text", $"Une durée compte au plus {MaxHorizon} caractères, sans caractère de contrôle.");
        }

        if (OutOf is not (null or 10 or 100 or 1000 or 10_000))
        {
            yield return new($"{pointer}/outOf", "invalid_number", "Comptez sur 10, 100, 1000 ou 10000 personnes.");
        }

        if ((OutOf is null) != (With is null) || With < 0 || With > OutOf || Without < 0 || Without > OutOf || OutOf is null && Without is not null)
        {
            yield return new(
                pointer, "invalid_frequency",
                "Donnez combien de personnes sont concernées avec cette option, et si possible sans, sur le même nombre de personnes.");
        }
    }

    /// <summary>E.g. <c>Stomie : sur 100 personnes, 12 avec cette option, 3 sans, en cinq ans</c>.</summary>
    public string Sentence()
    {
        var horizon = string.IsNullOrWhiteSpace(Horizon) ? "" : $", {Horizon.Trim()}";
        return OutOf is null ? Text.Trim() + horizon
            : $"{Text.Trim().TrimEnd('.')} : sur {OutOf} personnes, {With} avec cette option{(Without is { } n ? $", {n} sans" : "")}{horizon}.";
    }
}
