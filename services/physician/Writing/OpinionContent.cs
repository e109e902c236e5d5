using System.ComponentModel.DataAnnotations;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Physician.Writing;

/// <summary>What the opinion does to the diagnosis, or to the treatment, of the first physician.</summary>
internal enum Finding
{
    /// <summary>The same.</summary>
    Confirmed,
    /// <summary>The same, made more precise.</summary>
    Clarified,
    /// <summary>Another one.</summary>
    Changed,
}

/// <summary>How much the opinion changes for the patient.</summary>
internal enum Impact
{
    /// <summary>Nothing.</summary>
    None,
    /// <summary>A detail.</summary>
    Minor,
    /// <summary>Part of the care.</summary>
    Moderate,
    /// <summary>The course of the care.</summary>
    Major,
}

/// <summary>
/// The text of an opinion as the physician writes it. Everything may be missing in a draft; <see cref="CheckForSigning"/> says what signing needs.
/// </summary>
/// <param name="Diagnosis"><c>confirmed</c>, <c>clarified</c> or <c>changed</c>.</param>
/// <param name="Treatment"><c>confirmed</c>, <c>clarified</c> or <c>changed</c>.</param>
/// <param name="Impact"><c>none</c>, <c>minor</c>, <c>moderate</c> or <c>major</c>.</param>
/// <param name="Reasoning">Paragraphs, in French.</param>
/// <param name="Recommendations">One sentence or two each, in the order in which they matter.</param>
/// <param name="AnswersToQuestions">One answer to each of the patient's questions, in their order.</param>
/// <param name="References">Publications, optional.</param>
/// <param name="Understood">What the physician understood of the situation and of the request, in French: the patient sees at once if it is right.</param>
/// <param name="Options">The ways that were weighed, each with benefits and risks.</param>
/// <param name="WouldChangeMyMind">What finding, course or wish would lead to another opinion.</param>
/// <param name="Urgency">Until when something should be done: <c>no_hurry</c>, <c>weeks</c>, <c>days</c> or <c>now</c>.</param>
/// <param name="AlternativeCare">How the care proposed differs from the first physician's, e.g. <c>non_surgical</c>; only with a treatment that is not
/// confirmed.</param>
/// <param name="AdviceToTreatingPhysician">For the physician who goes on caring, in French.</param>
/// <param name="SeeInPerson">Where the patient should be seen before deciding; null when nowhere.</param>
/// <param name="LaySummary">The opinion in easy French, one short sentence a line; labelled « version simplifiée ».</param>
/// <param name="CorrectionReason">Why a signed version is corrected, in French; needed to sign a correction.</param>
[HealthData]
internal sealed record OpinionContent(
    Finding? Diagnosis = null,
    Finding? Treatment = null,
    Impact? Impact = null,
    [property: MaxLength(OpinionContent.MaxItems), EachMaxLength(OpinionContent.MaxLength)] IReadOnlyList<string>? Reasoning = null,
    [property: MaxLength(OpinionContent.MaxItems), EachMaxLength(OpinionContent.MaxLength)] IReadOnlyList<string>? Recommendations = null,
    [property: MaxLength(OpinionContent.MaxItems), EachMaxLength(OpinionContent.MaxLength)] IReadOnlyList<string>? AnswersToQuestions = null,
    [property: MaxLength(OpinionContent.MaxItems), EachMaxLength(OpinionContent.MaxLength)] IReadOnlyList<string>? References = null,
    [property: MaxLength(OpinionContent.MaxLength)] string? Understood = null,
    [property: MaxLength(OpinionContent.MaxOptions)] IReadOnlyList<CareOption>? Options = null,
    [property: MaxLength(OpinionContent.MaxItems), EachMaxLength(OpinionContent.MaxLength)] IReadOnlyList<string>? WouldChangeMyMind = null,
    Urgency? Urgency = null,
    [property: MaxLength(OpinionContent.MaxOptions)] IReadOnlyList<AlternativeCare>? AlternativeCare = null,
    [property: MaxLength(OpinionContent.MaxLength)] string? AdviceToTreatingPhysician = null,
    SeeInPerson? SeeInPerson = null,
    [property: MaxLength(OpinionContent.MaxLength)] string? LaySummary = null,
    [property: MaxLength(OpinionContent.MaxReason)] string? CorrectionReason = null)
{
    private const int MaxItems = 50;
    private const int MaxLength = 4000;
    private const int MaxOptions = 8;
    private const int MaxReason = 500;

    /// <summary>Derived, never entered, by the definition that the indicators use.</summary>
    public static bool Converges(Finding diagnosis, Finding treatment) =>
        ConvergenceDefinition.Holds(diagnosis.ToString().ToLowerInvariant(), treatment.ToString().ToLowerInvariant());

    /// <summary>What even a draft must keep to.</summary>
    public IReadOnlyList<FieldError> CheckDraft() =>
    [
        .. CheckTexts("reasoning", Reasoning),
        .. CheckTexts("recommendations", Recommendations),
        .. CheckTexts("answersToQuestions", AnswersToQuestions),
        .. CheckTexts("references", References),
        .. CheckTexts("wouldChangeMyMind", WouldChangeMyMind),
        .. CheckText("understood", Understood, MaxLength),
        .. CheckText("adviceToTreatingPhysician", AdviceToTreatingPhysician, MaxLength),
        .. CheckText("laySummary", LaySummary, MaxLength),
        .. CheckText("correctionReason", CorrectionReason, MaxReason),
        .. CheckText("seeInPerson/where", SeeInPerson?.Where, SeeInPerson.MaxText),
        .. CheckText("seeInPerson/why", SeeInPerson?.Why, SeeInPerson.MaxText),
        .. CheckOptions(),
    ];

    /// <summary>Line feeds and tabs are the only control characters that somebody means to write, and that a PDF can show.</summary>
    internal static bool IsText(string text, int most) => text.Length <= most && !text.Any(c => char.IsControl(c) && c is not ('\n' or '\t'));

    /// <param name="questions">How many questions the patient asked: each must have its answer.</param>
    /// <param name="corrects">A version is signed already: then the reason of the correction is needed.</param>
    public IReadOnlyList<FieldError> CheckForSigning(int questions, bool corrects)
    {
        var errors = new List<FieldError>(CheckDraft());
        AddIfMissing(errors, "diagnosis", Diagnosis);
        AddIfMissing(errors, "treatment", Treatment);
        AddIfMissing(errors, "impact", Impact);
        AddIfNothingWritten(errors, "reasoning", Reasoning);
        AddIfNothingWritten(errors, "recommendations", Recommendations);
        if ((AnswersToQuestions?.Count(a => !string.IsNullOrWhiteSpace(a)) ?? 0) != questions || AnswersToQuestions?.Count > questions)
        {
            errors.Add(new(
                "#/answersToQuestions", "one_answer_per_question", $"Le patient a posé {questions} question(s) : donnez une réponse à chacune, dans l'ordre."));
        }

        errors.AddRange((Options ?? []).Index().SelectMany(o => o.Item.CheckForSigning($"#/options/{o.Index}")));
        if (AlternativeCare is [_, ..] && Treatment == Finding.Confirmed)
        {
            errors.Add(new("#/alternativeCare", "contradiction", "Un traitement confirmé n'est pas remplacé par d'autres soins : corrigez l'un ou l'autre."));
        }

        if (SeeInPerson is { } place && (string.IsNullOrWhiteSpace(place.Where) || place.Urgency is null))
        {
            errors.Add(new("#/seeInPerson", "required", "Dites où le patient doit être vu, et dans quel délai."));
        }

        if (corrects && string.IsNullOrWhiteSpace(CorrectionReason))
        {
            errors.Add(new("#/correctionReason", "required", "Un avis est déjà signé : dites pourquoi vous le corrigez."));
        }

        return errors;
    }

    private IEnumerable<FieldError> CheckOptions()
    {
        if (Options?.Count > MaxOptions)
        {
            yield return new("#/options", "too_many", $"Un avis compare au plus {MaxOptions} options.");
        }

        if (AlternativeCare is { } codes && codes.Distinct().Count() != codes.Count)
        {
            yield return new("#/alternativeCare", "duplicate", "Un même type de soins n'est indiqué qu'une fois.");
        }

        foreach (var fault in (Options ?? []).Index().SelectMany(o => o.Item.CheckDraft($"#/options/{o.Index}", References?.Count ?? 0)))
        {
            yield return fault;
        }
    }

    private static IEnumerable<FieldError> CheckText(string field, string? text, int most) => IsText(text ?? "", most) ? []
        : [new($"#/{field}", "invalid_text", $"Ce texte compte au plus {most} caractères, sans caractère de contrôle.")];

    private static void AddIfMissing<T>(List<FieldError> errors, string field, T? value) where T : struct
    {
        if (value is null)
        {
            errors.Add(new($"#/{field}", "required", "Ce choix est à faire avant de signer."));
        }
    }

    private static void AddIfNothingWritten(List<FieldError> errors, string field, IReadOnlyList<string>? texts)
    {
        if (texts is null || texts.Count == 0 || texts.Any(string.IsNullOrWhiteSpace))
        {
            errors.Add(new($"#/{field}", "required", "Cette partie est à écrire avant de signer, sans élément vide."));
        }
    }

    private static IEnumerable<FieldError> CheckTexts(string field, IReadOnlyList<string>? texts)
    {
        if (texts?.Count > MaxItems)
        {
            yield return new($"#/{field}", "too_many", $"Cette partie compte au plus {MaxItems} éléments.");
        }

        foreach (var (index, text) in (texts ?? []).Index())
        {
            if (text is null || !IsText(text, MaxLength))
            {
                yield return new($"#/{field}/{index}", "invalid_text", $"Un élément compte au plus {MaxLength} caractères, sans caractère de contrôle.");
            }
        }
    }
}

/// <summary>A place where the patient should be seen before deciding: the opinion spares a journey, or says which one is worth it.</summary>
/// <param name="Where">The centre or the kind of centre, in French.</param>
/// <param name="Urgency">Within what time.</param>
/// <param name="Why">What for, in French; optional.</param>
[HealthData]
internal sealed record SeeInPerson(
    [property: MaxLength(SeeInPerson.MaxText)] string? Where = null, Urgency? Urgency = null, [property: MaxLength(SeeInPerson.MaxText)] string? Why = null)
{
    internal const int MaxText = 500;
}
