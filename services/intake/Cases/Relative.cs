using System.ComponentModel.DataAnnotations;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Cases;

/// <summary>What lets somebody ask for another person, and for whom.</summary>
/// <param name="Label">French.</param>
/// <param name="ForMinors">May stand for somebody below 18.</param>
/// <param name="ForAdults">May stand for an adult.</param>
/// <param name="Represents">Stands for an adult only by a measure with representation relating to the person (L.1111-7, L.1111-2 of the Code de la santé
/// publique; articles 459, 477 and 494-6 of the Code civil): one about money alone opens no file.</param>
/// <param name="PatientAgrees">Assists and does not represent: the adult decides, and the own agreement is recorded.</param>
internal sealed record AuthorityKind(string Label, bool ForMinors, bool ForAdults, bool Represents = false, bool PatientAgrees = false);

/// <summary>A relative who acts for the patient. Sealed at rest with the patient's identity.</summary>
/// <param name="Authority"><c>parent</c>, <c>guardian</c>, <c>curator</c>, <c>family_authorisation</c>, <c>future_protection_mandate</c>, or
/// <c>patient_agreement</c> for anybody whom an adult has chosen; proved by a document that is looked at before a physician reads the file.</param>
/// <param name="Name">As the relative signs.</param>
/// <param name="RepresentsPerson">Of a measure that protects an adult: the decision gives representation relating to the person, beyond money.</param>
internal sealed record CaseRelative(
    [property: Codes(typeof(CaseRelative), nameof(CaseRelative.Authorities))] string Authority, [property: Length(1, CaseRelative.MaxName)] string Name,
    bool? RepresentsPerson = null)
{
    private const int MaxName = 100;

    public const int AdultFrom = 18;

    public static readonly IReadOnlyDictionary<string, AuthorityKind> Authorities = new Dictionary<string, AuthorityKind>
    {
        ["parent"] = new("Titulaire de l'autorité parentale", ForMinors: true, ForAdults: false),
        ["guardian"] = new("Tuteur ou tutrice", ForMinors: true, ForAdults: true, Represents: true),
        ["curator"] = new("Curateur ou curatrice, qui assiste sans représenter", ForMinors: false, ForAdults: true, PatientAgrees: true),
        ["family_authorisation"] =
            new("Personne habilitée par le juge (habilitation familiale)", ForMinors: false, ForAdults: true, Represents: true),
        ["future_protection_mandate"] = new("Mandataire (mandat de protection future)", ForMinors: false, ForAdults: true, Represents: true),
        ["patient_agreement"] = new("Proche choisi par la personne malade", ForMinors: false, ForAdults: true, PatientAgrees: true),
    };

    /// <summary>The adult's own agreement is asked for, by an agent, of the adult.</summary>
    public bool NeedsPatientsAgreement => Authorities.TryGetValue(Authority, out var kind) && kind.PatientAgrees;

    /// <param name="age">Of the patient, in whole years.</param>
    public IEnumerable<FieldError> Faults(string pointer, int age)
    {
        if (!Authorities.TryGetValue(Authority, out var kind))
        {
            yield return new FieldError(
                $"{pointer}/authority", "unknown_code", "Dites à quel titre vous agissez pour la personne malade.", [.. Authorities.Keys]);
        }
        else if (age < AdultFrom ? !kind.ForMinors : !kind.ForAdults)
        {
            yield return new FieldError($"{pointer}/authority", age < AdultFrom ? "not_for_a_minor" : "not_for_an_adult", age < AdultFrom
                ? "Pour une personne de moins de 18 ans, la demande vient d'un parent qui a l'autorité parentale, ou du tuteur."
                : "Un parent ne demande plus à la place de son enfant majeur. Votre enfant peut demander lui-même, ou vous choisir comme proche.");
        }
        else if (age >= AdultFrom && kind.Represents && RepresentsPerson != true)
        {
            yield return new FieldError($"{pointer}/representsPerson", "must_be_true",
                "Seule une mesure avec représentation relative à la personne permet de demander à sa place. Une mesure qui ne concerne que les biens ne "
                + "suffit pas : la personne décide elle-même, et peut vous choisir comme proche.");
        }

        if (string.IsNullOrWhiteSpace(Name) || Name.Length > MaxName)
        {
            yield return new FieldError($"{pointer}/name", "invalid_name", "Indiquez votre nom, en 100 caractères au plus.");
        }
    }
}
