using System.Text.Json;
using System.Text.Json.Serialization;

namespace SecondOpinion.Intake.Questionnaires;

internal enum QuestionKind
{
    Choice,
    MultiChoice,
    Text,
    Boolean,
    Integer,
    Decimal,
    Quantity,
    Date,
}

/// <summary>A published version of a questionnaire; once published a file is never edited, a change is the next version.</summary>
internal sealed record Questionnaire(string Code, int Version, string Title, string TitleSimple, IReadOnlyList<Question> Questions)
{
    public Question? Find(string id) => Questions.FirstOrDefault(q => q.Id == id);
}

/// <param name="Id">Stable within the questionnaire and different from every id of <c>general</c>.</param>
/// <param name="Text">French, as people read it.</param>
/// <param name="Simple">The simplified wording.</param>
/// <param name="Unit">For <c>quantity</c>: shown after the number.</param>
/// <param name="EnabledWhen">Asked only when another answer has this value.</param>
/// <param name="Alert">The answer that cannot wait for an opinion.</param>
internal sealed record Question(
    string Id,
    string Text,
    string Simple,
    QuestionKind Type,
    bool Required,
    IReadOnlyList<AnswerOption>? Options = null,
    string? Unit = null,
    decimal? Min = null,
    decimal? Max = null,
    int? MaxLength = null,
    Condition? EnabledWhen = null,
    string? Help = null,
    Alert? Alert = null);

internal sealed record AnswerOption(string Code, string Text);

/// <param name="Question">Id of an earlier question.</param>
/// <param name="EqualTo">A boolean or an option's code; for a question with several answers, one of them.</param>
internal sealed record Condition(string Question, [property: JsonPropertyName("equals")] JsonElement EqualTo);

/// <param name="EqualTo">A boolean or an option's code.</param>
/// <param name="Door">Where to turn at once: <c>emergency</c> or <c>suicidal_thoughts</c>, as in the emergency screen.</param>
internal sealed record Alert([property: JsonPropertyName("equals")] JsonElement EqualTo, string Door);
