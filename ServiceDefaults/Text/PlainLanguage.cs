using System.Text.RegularExpressions;

namespace SecondOpinion.ServiceDefaults.Text;

/// <summary>One place where a simplified text breaks a rule.</summary>
public sealed record PlainFault(int Line, string Rule, string Text);

/// <summary>
/// The rules of « facile à lire et à comprendre » that a machine can check (docs/content-guide.md): one short sentence a line, no figure that is hard to
/// read, no sign, no unexplained capitals, no passive, no word of the trade. It never says that a text is FALC: only its readers can.
/// </summary>
public static partial class PlainLanguage
{
    public const int MostWords = 12;
    private const int MostDigits = 4;

    private static readonly Dictionary<string, string> HardWords = new(StringComparer.OrdinalIgnoreCase)
    {
        ["pathologie"] = "maladie",
        ["pathologies"] = "maladies",
        ["thérapeutique"] = "traitement",
        ["thérapeutiques"] = "traitements",
        ["praticien"] = "médecin",
        ["praticiens"] = "médecins",
        ["modalités"] = "façons",
        ["modalité"] = "façon",
        ["préalable"] = "avant",
        ["ultérieurement"] = "plus tard",
        ["néanmoins"] = "mais",
        ["toutefois"] = "mais",
        ["afin"] = "pour",
        ["concernant"] = "sur",
        ["bénéficier"] = "avoir",
        ["effectuer"] = "faire",
        ["nécessite"] = "demande",
        ["solliciter"] = "demander",
        ["notifier"] = "dire",
        ["conformément"] = "selon",
        ["susceptible"] = "peut",
    };

    /// <summary>How many lines of a hundred keep every rule; 100 for a text without lines.</summary>
    public static int Score(string text)
    {
        var lines = text.Split('\n').Count(l => Marks().Replace(l, "").Trim().Length > 0);
        return lines == 0 ? 100 : 100 * (lines - Faults(text).Select(f => f.Line).Distinct().Count()) / lines;
    }

    /// <param name="markdown">The text; headings and list marks do not count, telephone numbers are no figures.</param>
    public static IReadOnlyList<PlainFault> Faults(string markdown)
    {
        var faults = new List<PlainFault>();
        var explained = new HashSet<string>(StringComparer.Ordinal);
        var lines = markdown.Split('\n');
        foreach (var (index, raw) in lines.Index())
        {
            var line = Marks().Replace(raw, "").Trim();
            if (line.Length == 0)
            {
                continue;
            }

            foreach (var (rule, broken) in Rules(line))
            {
                if (broken)
                {
                    faults.Add(new PlainFault(index + 1, rule, line));
                }
            }

            foreach (Match acronym in Acronym().Matches(line))
            {
                // Explained where it stands, or on the next line at the latest; after a heading that line follows an empty one.
                var next = lines.Skip(index + 1).FirstOrDefault(l => l.Trim().Length > 0);
                if (Explains(line, acronym.Value) || next is not null && Explains(next, acronym.Value))
                {
                    explained.Add(acronym.Value);
                }
                else if (!explained.Contains(acronym.Value))
                {
                    faults.Add(new PlainFault(index + 1, "acronym", line));
                }
            }
        }

        return faults;
    }

    private static IEnumerable<(string Rule, bool Broken)> Rules(string line)
    {
        var sentences = SentenceEnd().Split(line).Where(s => s.Trim().Length > 0).ToList();
        yield return ("one_sentence_a_line", sentences.Count > 1);
        yield return ("long_sentence", sentences.Any(s => Word().Count(s) > MostWords));
        yield return ("sign", line.AsSpan().ContainsAny("%()/;&…") || line.Contains("etc", StringComparison.OrdinalIgnoreCase));
        yield return ("large_number", Number().Matches(line).Any(n => n.Value.Count(char.IsAsciiDigit) > MostDigits && !Telephone().IsMatch(n.Value)));
        yield return ("passive", Passive().IsMatch(line));
        yield return ("hard_word", Word().Matches(line).Any(w => HardWords.ContainsKey(w.Value)));
    }

    private static bool Explains(string line, string acronym) =>
        Regex.IsMatch(line, $@"\b{Regex.Escape(acronym)}\b\s+(veut dire|est|sont|c’est|c'est)\b");

    [GeneratedRegex(@"^\s*(#+|[-*]|\d+\.)\s+|\*\*")]
    private static partial Regex Marks();

    [GeneratedRegex(@"(?<=[.?!])\s+(?=\p{Lu})")]
    private static partial Regex SentenceEnd();

    [GeneratedRegex(@"[\p{L}\p{Nd}]+(?:[-'’][\p{L}\p{Nd}]+)*")]
    private static partial Regex Word();

    [GeneratedRegex(@"\d[\d \u00A0\u202F]*\d|\d")]
    private static partial Regex Number();

    /// <summary>0X XX XX XX XX, or the short numbers such as 116 117.</summary>
    [GeneratedRegex(@"^(0\d([ \u00A0]?\d\d){4}|\d{3}[ \u00A0]\d{3})$")]
    private static partial Regex Telephone();

    [GeneratedRegex(@"\b\p{Lu}{2,}\b")]
    private static partial Regex Acronym();

    [GeneratedRegex(
        @"\b(?:est|sont|sera|seront|était|étaient|a été|ont été)\s+(?:\w+\s+)?\w+(?:é|ée|és|ées|i|ie|is|ies|it|ite|u|ue|us|ues)\s+par\b",
        RegexOptions.IgnoreCase)]
    private static partial Regex Passive();
}
