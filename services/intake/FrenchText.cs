using System.Text.RegularExpressions;

namespace SecondOpinion.Intake;

/// <summary>
/// The one place that sets French as it is printed: a no-break space before : ; ? ! » and after «, and between a figure and its sign.
/// Files are written with plain spaces; every text a person reads passes here once, and the content linter finds what did not.
/// </summary>
internal static partial class FrenchText
{
    private const string NoBreak = "\u00A0";

    public static string Typeset(string text) => Sign().Replace(Closing().Replace(Opening().Replace(text, "«" + NoBreak), NoBreak), NoBreak);

    /// <summary>Lines with a space that may break, or none, where a no-break space belongs.</summary>
    public static IReadOnlyList<string> Faults(string text) => [.. text.Split('\n').Where(line => Typeset(line) != line || Glued().IsMatch(line))];

    [GeneratedRegex("«[ \u202F]?(?=[^\u00A0])")]
    private static partial Regex Opening();

    /// <summary>Before the sign; a row of a table that sets its columns (<c>|:--</c>) is none, nor is a placeholder.</summary>
    [GeneratedRegex("[ \u202F]+(?=[:;?!»](?![-/]))")]
    private static partial Regex Closing();

    [GeneratedRegex("(?<=[0-9])[ \u202F](?=(?:%|€|EUR\\b))")]
    private static partial Regex Sign();

    [GeneratedRegex(@"\p{L}[;?!»](\s|$)|\p{L}:(\s|$)")]
    private static partial Regex Glued();
}
