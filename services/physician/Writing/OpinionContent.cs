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
[HealthData]
internal sealed record OpinionContent(
    Finding? Diagnosis = null,
    Finding? Treatment = null,
    Impact? Impact = null,
    [property: MaxLength(OpinionContent.MaxItems), EachMaxLength(OpinionContent.MaxLength)] IReadOnlyList<string>? Reasoning = null,
    [property: MaxLength(OpinionContent.MaxItems), EachMaxLength(OpinionContent.MaxLength)] IReadOnlyList<string>? Recommendations = null,
    [property: MaxLength(OpinionContent.MaxItems), EachMaxLength(OpinionContent.MaxLength)] IReadOnlyList<string>? AnswersToQuestions = null,
    [property: MaxLength(OpinionContent.MaxItems), EachMaxLength(OpinionContent.MaxLength)] IReadOnlyList<string>? References = null)
{
    private const int MaxItems = 50;
    private const int MaxLength = 4000;

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
    ];

    /// <param name="questions">How many questions the patient asked: each must have its answer.</param>
    public IReadOnlyList<FieldError> CheckForSigning(int questions)
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

        return errors;
    }

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
            // Control characters cannot be set in the PDF and are never what somebody meant to write.
            if (text is null || text.Length > MaxLength || text.Any(c => char.IsControl(c) && c is not ('\n' or '\t')))
            {
                yield return new($"#/{field}/{index}", "invalid_text", $"Un élément compte au plus {MaxLength} caractères, sans caractère de contrôle.");
            }
        }
    }
}
