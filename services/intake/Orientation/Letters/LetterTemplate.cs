using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Orientation.Letters;

/// <summary>
/// Fills a letter: <c>{{name}}</c> becomes its value; a line with an optional value that was not given is left out, and empty lines do not pile up.
/// Pure, so that a letter can be compared to the letter.
/// </summary>
internal static partial class LetterTemplate
{
    private const int LongestValue = 2000;

    private static readonly CultureInfo French = CultureInfo.GetCultureInfo("fr-FR");

    /// <param name="writtenOn">The day of writing: a letter names no deadline as passed that has not.</param>
    public static IReadOnlyList<FieldError> Faults(ContentPage letter, IReadOnlyDictionary<string, string> values, DateOnly writtenOn)
    {
        var errors = new List<FieldError>();
        var known = letter.Placeholders.ToDictionary(p => p.Name);
        foreach (var (name, value) in values)
        {
            if (!known.ContainsKey(name))
            {
                errors.Add(new FieldError($"#/values/{name}", "unknown_code", "Cette lettre n'a pas ce champ."));
            }
            else if (value.Length > LongestValue || value.Any(c => char.IsControl(c) && c != '\n'))
            {
                errors.Add(new FieldError($"#/values/{name}", "invalid_text", $"Ce champ compte au plus {LongestValue} caractères."));
            }
        }

        errors.AddRange(letter.Placeholders
            .Where(p => p.OnlyPassed && IsGiven(values, p.Name) && !(Day(values[p.Name]) < writtenOn))
            .Select(
                p =>
                    new FieldError($"#/values/{p.Name}", "not_passed", $"Cette lettre ne cite qu'une date passée, en toutes lettres. Exemple : {p.Example}.")));
        errors.AddRange(letter.Placeholders
            .Where(p => !IsGiven(values, p.Name) && (p.Required || p.RequiredUnless is { } other && !IsGiven(values, other)))

            .Select(p => new FieldError($"#/values/{p.Name}", "missing", $"À remplir : {p.Meaning}. Exemple : {p.Example}.")));
        return errors;
    }

    /// <summary>« 4 novembre 2026 », « 1er novembre 2026 »; null when it cannot be read.</summary>
    private static DateOnly? Day(string words) =>
        DateOnly.TryParseExact(words.Trim().Replace("1er ", "1 ", StringComparison.Ordinal), "d MMMM yyyy", French, DateTimeStyles.None, out var day)
            ? day
            : null;

    public static string Fill(ContentPage letter, IReadOnlyDictionary<string, string> values)
    {
        var text = new StringBuilder();
        var empty = true;
        foreach (var line in letter.Markdown.TrimEnd().Split('\n'))
        {
            if (Placeholder().Matches(line).Any(m => !IsGiven(values, m.Groups[1].Value)))
            {
                continue;
            }

            var filled = Placeholder().Replace(line, m => Value(m.Groups[1].Value, values[m.Groups[1].Value]));
            if (filled.Length == 0 && empty)
            {
                continue;
            }

            text.Append(filled).Append('\n');
            empty = filled.Length == 0;
        }

        return FrenchText.Typeset(text.ToString().TrimEnd() + "\n");
    }

    /// <summary>Every placeholder in the text; the content test compares them with those declared.</summary>
    public static IReadOnlySet<string> Used(ContentPage letter) => Placeholder().Matches(letter.Markdown).Select(m => m.Groups[1].Value).ToHashSet();

    /// <summary>An address is typed on one line and written on several.</summary>
    private static string Value(string name, string value) =>
        name.EndsWith("Address", StringComparison.Ordinal)
            ? string.Join('\n', value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            : value.Trim();

    private static bool IsGiven(IReadOnlyDictionary<string, string> values, string name) =>
        values.TryGetValue(name, out var value) && !string.IsNullOrWhiteSpace(value);

    [GeneratedRegex(@"\{\{(\w+)\}\}")]
    private static partial Regex Placeholder();
}
