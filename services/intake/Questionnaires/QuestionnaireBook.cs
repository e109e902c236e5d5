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
                    ? read
                    : throw new InvalidDataException($"{name} says it is {read.Code} version {read.Version}.");
            }));
    }
}
