using System.Globalization;
using System.Text.Json;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Questionnaires;

/// <summary>What counts as an answer. Pure: the same rules for saving, for completeness and for what the physician reads.</summary>
internal static class AnswerRules
{
    private const int MaxTextLength = 4000;

    /// <summary>Faults of what was answered; what is not answered yet is no fault, so that people can save and go on later.</summary>
    public static IReadOnlyList<FieldError> Faults(IReadOnlyList<Question> questions, IReadOnlyDictionary<string, JsonElement> answers)
    {
        var byId = questions.ToDictionary(q => q.Id);
        var faults = new List<FieldError>();
        foreach (var (id, value) in answers)
        {
            var pointer = $"#/answers/{id}";
            if (!byId.TryGetValue(id, out var question))
            {
                faults.Add(new FieldError(pointer, "unknown_question", "Cette question n'existe pas dans ce questionnaire."));
            }
            else if (value.ValueKind != JsonValueKind.Null && Fault(question, value) is var (code, detail))
            {
                faults.Add(new FieldError(pointer, code, detail));
            }
        }

        return faults;
    }

    /// <summary>Required questions that apply, given the other answers, and have none.</summary>
    public static IReadOnlyList<Question> Missing(IReadOnlyList<Question> questions, IReadOnlyDictionary<string, JsonElement> answers) =>
        [.. Applying(questions, answers).Where(q => q.Required && !IsAnswered(answers, q.Id))];

    /// <summary>The questions to ask, given the answers so far. A condition on a question that itself does not apply is not met.</summary>
    public static IReadOnlyList<Question> Applying(IReadOnlyList<Question> questions, IReadOnlyDictionary<string, JsonElement> answers)
    {
        var applying = new HashSet<string>();
        var result = new List<Question>();
        foreach (var question in questions)
        {
            if (question.EnabledWhen is not { } condition || applying.Contains(condition.Question) && IsMet(condition, answers))
            {
                applying.Add(question.Id);
                result.Add(question);
            }
        }

        return result;
    }

    /// <summary>The questions whose answer cannot wait for an opinion.</summary>
    public static IReadOnlyList<Question> Alarming(IReadOnlyList<Question> questions, IReadOnlyDictionary<string, JsonElement> answers) =>
        [.. Applying(questions, answers).Where(q => q.Alert is { } alert && IsMet(new Condition(q.Id, alert.EqualTo), answers))];

    /// <summary>The answer as a person reads it, units included; null when there is none.</summary>
    public static string? Text(Question question, IReadOnlyDictionary<string, JsonElement> answers) =>
        !IsAnswered(answers, question.Id) ? null : question.Type switch
        {
            QuestionKind.Boolean => answers[question.Id].GetBoolean() ? "Oui" : "Non",
            QuestionKind.Choice => OptionText(question, answers[question.Id].GetString()!),
            QuestionKind.MultiChoice => string.Join(", ", answers[question.Id].EnumerateArray().Select(o => OptionText(question, o.GetString()!))),
            QuestionKind.Date => DateOnly.ParseExact(answers[question.Id].GetString()!, "yyyy-MM-dd", CultureInfo.InvariantCulture)
                .ToString("dd/MM/yyyy", CultureInfo.InvariantCulture),
            QuestionKind.Text => answers[question.Id].GetString(),
            _ => FrenchText.Typeset($"{answers[question.Id].GetDecimal().ToString(CultureInfo.GetCultureInfo("fr-FR"))} {question.Unit}".TrimEnd()),
        };

    private static bool IsAnswered(IReadOnlyDictionary<string, JsonElement> answers, string id) =>
        answers.TryGetValue(id, out var value) && value.ValueKind switch
        {
            JsonValueKind.Null or JsonValueKind.Undefined => false,
            JsonValueKind.String => !string.IsNullOrWhiteSpace(value.GetString()),
            JsonValueKind.Array => value.GetArrayLength() > 0,
            _ => true,
        };

    private static bool IsMet(Condition condition, IReadOnlyDictionary<string, JsonElement> answers) =>
        answers.TryGetValue(condition.Question, out var value) && (value.ValueKind == JsonValueKind.Array
            ? value.EnumerateArray().Any(element => JsonElement.DeepEquals(element, condition.EqualTo))
            : JsonElement.DeepEquals(value, condition.EqualTo));

    private static (string Code, string Detail)? Fault(Question question, JsonElement value) => question.Type switch
    {
        QuestionKind.Boolean => value.ValueKind is JsonValueKind.True or JsonValueKind.False ? null : ("not_a_boolean", "Répondez par oui ou par non."),
        QuestionKind.Choice => value.ValueKind == JsonValueKind.String && IsOption(question, value.GetString()!)
            ? null
            : ("unknown_option", "Choisissez une des réponses proposées."),
        QuestionKind.MultiChoice => MultiChoiceFault(question, value),
        QuestionKind.Text => TextFault(question, value),
        QuestionKind.Date => DateFault(value),
        _ => NumberFault(question, value),
    };

    private static (string, string)? MultiChoiceFault(Question question, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array
            || value.EnumerateArray().Any(o => o.ValueKind != JsonValueKind.String || !IsOption(question, o.GetString()!)))
        {
            return ("unknown_option", "Choisissez parmi les réponses proposées.");
        }

        var codes = value.EnumerateArray().Select(o => o.GetString()).ToList();
        return codes.Distinct().Count() < codes.Count ? ("doubled_option", "La même réponse figure deux fois.")
            : codes.Count > 1 && codes.Contains("none") ? ("contradicting_options", "« Aucun » ne va pas avec une autre réponse.")
            : null;
    }

    private static (string, string)? TextFault(Question question, JsonElement value)
    {
        var limit = question.MaxLength ?? MaxTextLength;
        return value.ValueKind != JsonValueKind.String ? ("not_a_text", "Un texte est attendu.")
            : value.GetString()!.Length > limit ? ("too_long", $"Le texte dépasse {limit} caractères.")
            : null;
    }

    private static (string, string)? DateFault(JsonElement value) =>
        value.ValueKind == JsonValueKind.String
        && DateOnly.TryParseExact(value.GetString(), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)
        && date.Year is >= 1900 and <= 2100
            ? null
            : ("not_a_date", "Une date est attendue, par exemple 2026-11-30.");

    private static (string, string)? NumberFault(Question question, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDecimal(out var number))
        {
            return ("not_a_number", "Un nombre est attendu.");
        }

        if (question.Type == QuestionKind.Integer && number != decimal.Truncate(number))
        {
            return ("not_an_integer", "Un nombre entier est attendu.");
        }

        return number < question.Min ? ("too_small", $"La valeur doit être au moins {French(question.Min)}.")
            : number > question.Max ? ("too_large", $"La valeur doit être au plus {French(question.Max)}.")
            : null;
    }

    private static bool IsOption(Question question, string code) => question.Options!.Any(o => o.Code == code);

    private static string OptionText(Question question, string code) => question.Options!.First(o => o.Code == code).Text;

    private static string French(decimal? value) => value?.ToString(CultureInfo.GetCultureInfo("fr-FR")) ?? "";
}
