using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SecondOpinion.Intake.Questionnaires;

/// <summary>Every version of every questionnaire, as shipped. Each case answers <c>general</c> and the questionnaire of its family.</summary>
internal sealed class QuestionnaireBook
{
    public const string General = "general";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
    };

    private readonly Dictionary<(string Code, int Version), Questionnaire> _all;
    private readonly Dictionary<string, Questionnaire> _latest;

    public QuestionnaireBook(IEnumerable<Questionnaire> questionnaires)
    {
        _all = questionnaires.ToDictionary(q => (q.Code, q.Version));
        _latest = _all.Values.GroupBy(q => q.Code).ToDictionary(g => g.Key, g => g.MaxBy(q => q.Version)!);
    }

    public IReadOnlyCollection<Questionnaire> Latest => _latest.Values;

    public Questionnaire LatestOf(string code) => _latest[code];

    public Questionnaire? Find(string code, int? version) =>
        version is { } v ? _all.GetValueOrDefault((code, v)) : _latest.GetValueOrDefault(code);

    /// <summary>What a case is asked: the general questions first, then those of the family, in the versions that the case was opened with.</summary>
    public IReadOnlyList<Question> QuestionsOf(string code, int version, int generalVersion) =>
        code == General
            ? _all[(General, generalVersion)].Questions
            : [.. _all[(General, generalVersion)].Questions, .. _all[(code, version)].Questions];

    /// <summary>The same, for this patient: only the questions that make sense at this sex and age, in the words and limits that fit.</summary>
    public IReadOnlyList<Question> QuestionsOf(string code, int version, int generalVersion, Respondent who) =>
        [.. QuestionsOf(code, version, generalVersion).Where(q => q.For?.Includes(who) ?? true).Select(q => Worded(q, who))];

    private static Question Worded(Question question, Respondent who) => who.IsChild && question.Child is { } child
        ? question with
        {
            Text = child.Text ?? question.Text,
            Simple = child.Simple ?? question.Simple,
            Min = child.Min ?? question.Min,
            Max = child.Max ?? question.Max,
        }
        : question;

    public static QuestionnaireBook Load()
    {
        var assembly = Assembly.GetExecutingAssembly();
        return new QuestionnaireBook(assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith("Questionnaires/", StringComparison.Ordinal))
            .Select(name =>
            {
                using var stream = assembly.GetManifestResourceStream(name)!;
                var read = JsonSerializer.Deserialize<Questionnaire>(stream, Json)!;
                return name == $"Questionnaires/{read.Code}.v{read.Version}.json"
                    ? Typeset(read)
                    : throw new InvalidDataException($"{name} says it is {read.Code} version {read.Version}.");
            }));
    }

    private static Questionnaire Typeset(Questionnaire read) => read with
    {
        Title = FrenchText.Typeset(read.Title),
        TitleSimple = FrenchText.Typeset(read.TitleSimple),
        Questions =
        [
            .. read.Questions.Select(q => q with
            {
                Text = FrenchText.Typeset(q.Text),
                Simple = FrenchText.Typeset(q.Simple),
                Help = q.Help is { } help ? FrenchText.Typeset(help) : null,
                Options = q.Options is { } options ? [.. options.Select(o => o with { Text = FrenchText.Typeset(o.Text) })] : null,
                Child = q.Child is { } child
                    ? child with
                    {
                        Text = child.Text is { } text ? FrenchText.Typeset(text) : null,
                        Simple = child.Simple is { } simple ? FrenchText.Typeset(simple) : null,
                    }
                    : null,
            }),
        ],
    };
}
