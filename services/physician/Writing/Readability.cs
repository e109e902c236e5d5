using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Physician.Writing;

/// <summary>How easy a simplified version is to read, shown while it is written: the rules of docs/decisions/0022, which are a floor and no proof.</summary>
/// <param name="Score">How many lines of a hundred keep every rule.</param>
/// <param name="Faults">Where a rule is broken, in the order of the lines.</param>
[HealthData]
internal sealed record Readability(int Score, IReadOnlyList<ReadabilityFault> Faults)
{
    public static Readability? Of(string? text) => string.IsNullOrWhiteSpace(text) ? null
        : new Readability(PlainLanguage.Score(text), [.. PlainLanguage.Faults(text).Select(f => new ReadabilityFault(f.Line, f.Rule, Advice(f.Rule)))]);

    private static string Advice(string rule) => rule switch
    {
        "one_sentence_a_line" => "Écrivez une phrase par ligne.",
        "long_sentence" => $"Une phrase compte au plus {PlainLanguage.MostWords} mots.",
        "sign" => "Écrivez les signes et les abréviations en toutes lettres.",
        "large_number" => "Évitez les nombres de plus de quatre chiffres.",
        "passive" => "Dites qui fait l'action.",
        "acronym" => "Expliquez le sigle là où il apparaît.",
        _ => "Préférez un mot de tous les jours.",
    };
}

/// <summary>A rule that a line breaks.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Rule">A stable code, e.g. <c>long_sentence</c>.</param>
/// <param name="Advice">What to do, in French.</param>
internal sealed record ReadabilityFault(int Line, string Rule, string Advice);
