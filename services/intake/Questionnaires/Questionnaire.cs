using System.Text.Json;
using System.Text.Json.Serialization;
using SecondOpinion.ServiceDefaults.Text;

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
/// <param name="Alert">The answer that cannot wait for an opinion: it stops the case until a physician has seen the patient and the answer is changed.</param>
/// <param name="For">Whom the question is asked of; everybody when absent.</param>
/// <param name="Child">Other wording and limits when the patient is below fifteen and a parent answers.</param>
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
    Alert? Alert = null,
    Audience? For = null,
    ChildWording? Child = null);

/// <param name="Sex"><c>F</c> or <c>M</c>, as in the civil register.</param>
/// <param name="FromAge">Whole years, included.</param>
/// <param name="ToAge">Whole years, included.</param>
internal sealed record Audience(string? Sex = null, int? FromAge = null, int? ToAge = null)
{
    public bool Includes(Respondent who) => (Sex is null || Sex == who.Sex) && !(who.Age < FromAge) && !(who.Age > ToAge);
}

/// <summary>What is said differently when the patient is a child.</summary>
internal sealed record ChildWording(string? Text = null, string? Simple = null, decimal? Min = null, decimal? Max = null);

/// <summary>Of whom the questions speak: the patient, as far as the questions need it.</summary>
/// <param name="Age">Whole years on the day in Paris.</param>
internal sealed record Respondent(string Sex, int Age)
{
    /// <summary>Below this age a parent answers.</summary>
    private const int AnswersAlone = 15;

    public bool IsChild => Age < AnswersAlone;

    public static Respondent Of(Cases.CasePerson patient, DateTimeOffset now) => new(patient.Sex, patient.AgeOn(FrenchTime.Day(now)));
}

internal sealed record AnswerOption(string Code, string Text);

/// <param name="Question">Id of an earlier question.</param>
/// <param name="EqualTo">A boolean or an option's code; for a question with several answers, one of them.</param>
internal sealed record Condition(string Question, [property: JsonPropertyName("equals")] JsonElement EqualTo);

/// <param name="EqualTo">A boolean or an option's code.</param>
/// <param name="Door">Where to turn at once: <c>emergency</c> or <c>suicidal_thoughts</c>, as in the emergency screen.</param>
internal sealed record Alert([property: JsonPropertyName("equals")] JsonElement EqualTo, string Door);
