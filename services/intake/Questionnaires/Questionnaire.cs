using System.Text.Json;
using System.Text.Json.Serialization;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Intake.Questionnaires;

/// <summary>What an answer looks like.</summary>
internal enum QuestionKind
{
    /// <summary>One option code.</summary>
    Choice,
    /// <summary>A list of option codes.</summary>
    MultiChoice,
    /// <summary>Free text.</summary>
    Text,
    /// <summary>true or false.</summary>
    Boolean,
    /// <summary>A whole number.</summary>
    Integer,
    /// <summary>A number.</summary>
    Decimal,
    /// <summary>A number with the unit of the question.</summary>
    Quantity,
    /// <summary>An ISO date.</summary>
    Date,
}

/// <summary>A published version of a questionnaire; once published a file is never edited, a change is the next version.</summary>
/// <param name="Code"><c>general</c>, or a family of diseases.</param>
/// <param name="Version">Counts its versions from 1.</param>
/// <param name="Title">French title.</param>
/// <param name="TitleSimple">The same in simplified French.</param>
/// <param name="Questions">In the order in which they are asked.</param>
internal sealed record Questionnaire(string Code, int Version, string Title, string TitleSimple, IReadOnlyList<Question> Questions)
{
    public Question? Find(string id) => Questions.FirstOrDefault(q => q.Id == id);
}

/// <summary>One question of a questionnaire.</summary>
/// <param name="Id">Stable within the questionnaire and different from every id of <c>general</c>.</param>
/// <param name="Text">French, as people read it.</param>
/// <param name="Simple">The simplified wording.</param>
/// <param name="Type">What an answer looks like.</param>
/// <param name="Required">Without an answer the file is not complete, where the question applies.</param>
/// <param name="Options">For <c>choice</c> and <c>multiChoice</c>: what can be chosen.</param>
/// <param name="Unit">For <c>quantity</c>: shown after the number.</param>
/// <param name="Min">Smallest number, included.</param>
/// <param name="Max">Largest number, included.</param>
/// <param name="MaxLength">For <c>text</c>: characters at most.</param>
/// <param name="EnabledWhen">Asked only when another answer has this value.</param>
/// <param name="Help">How to find the answer, in French.</param>
/// <param name="Alert">The answer that cannot wait for an opinion: it stops the case until a physician has seen the patient and the answer is
/// changed.</param>
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

/// <summary>Whom a question is asked of.</summary>
/// <param name="Sex"><c>F</c> or <c>M</c>, as in the civil register.</param>
/// <param name="FromAge">Whole years, included.</param>
/// <param name="ToAge">Whole years, included.</param>
internal sealed record Audience(string? Sex = null, int? FromAge = null, int? ToAge = null)
{
    public bool Includes(Respondent who) => (Sex is null || Sex == who.Sex) && !(who.Age < FromAge) && !(who.Age > ToAge);
}

/// <summary>What is said differently when the patient is a child.</summary>
/// <param name="Text">French; the usual one when absent.</param>
/// <param name="Simple">Simplified French; the usual one when absent.</param>
/// <param name="Min">Smallest number; the usual one when absent.</param>
/// <param name="Max">Largest number; the usual one when absent.</param>
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

/// <summary>One answer that can be chosen.</summary>
/// <param name="Code">What is saved.</param>
/// <param name="Text">What people read; French.</param>
internal sealed record AnswerOption(string Code, string Text);

/// <summary>When a question is asked at all.</summary>
/// <param name="Question">Id of an earlier question.</param>
/// <param name="EqualTo">A boolean or an option's code; for a question with several answers, one of them.</param>
internal sealed record Condition(string Question, [property: JsonPropertyName("equals")] JsonElement EqualTo);

/// <summary>The answer to a question that cannot wait.</summary>
/// <param name="EqualTo">A boolean or an option's code.</param>
/// <param name="Door">Where to turn at once: <c>emergency</c> or <c>suicidal_thoughts</c>, as in the emergency screen.</param>
internal sealed record Alert([property: JsonPropertyName("equals")] JsonElement EqualTo, string Door);
