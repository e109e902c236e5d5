using System.Globalization;
using System.Text;

namespace SecondOpinion.ServiceDefaults.Text;

/// <summary>
/// The one rule for what text may hold, whoever sends it and by whichever door (docs/what-we-accept.md). Every script and emoji is text. Line ends become LF,
/// text is composed (NFC), a byte order mark goes; control characters and halves of characters are refused, since no page, PDF or program downstream can show
/// them.
/// </summary>
public static class PlainText
{
    /// <summary>Why a text is refused.</summary>
    /// <param name="Code">Stable: <c>control_character</c> or <c>broken_character</c>.</param>
    /// <param name="English">With the way out.</param>
    /// <param name="French">The same.</param>
    public sealed record Fault(string Code, string English, string French);

    public static readonly Fault Broken = new(
        "broken_character",
        "The text holds bytes that are no character. Send it as UTF-8 (not Latin-1 or Windows-1252), with whole characters.",
        "Le texte contient des octets qui ne forment pas un caractère. Envoyez-le en UTF-8 (et non en Latin-1 ou Windows-1252), sans couper de caractère.");

    /// <summary>Characters that order text from right to left or back, and other marks without a shape: a name must not hide how it ends.</summary>
    private static bool IsHidden(Rune rune) =>
        rune.Value is 0x061C or 0x180E or 0xFEFF or (>= 0x200B and <= 0x200F) or (>= 0x202A and <= 0x202E) or (>= 0x2060 and <= 0x206F);

    /// <summary>The text as it is kept, or why it cannot be.</summary>
    /// <param name="text">As it came.</param>
    /// <param name="clean">Equal to <paramref name="text"/> when there was nothing to clean.</param>
    public static Fault? Clean(string text, out string clean)
    {
        clean = text;
        if (IsPlain(text))
        {
            return null;
        }

        var kept = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            switch (c)
            {
                case '\r':
                    kept.Append('\n');
                    if (i + 1 < text.Length && text[i + 1] == '\n')
                    {
                        i++;
                    }

                    break;
                case '\v' or '\f' or '\u0085' or '\u2028' or '\u2029':
                    kept.Append('\n');
                    break;
                case '\uFEFF':
                    break;
                case '\n' or '\t':
                    kept.Append(c);
                    break;
                case '\uFFFE' or '\uFFFF':
                    return Broken;
                default:
                    if (char.IsControl(c))
                    {
                        return Control(c);
                    }

                    if (char.IsSurrogate(c))
                    {
                        if (!char.IsHighSurrogate(c) || i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1]))
                        {
                            return Broken;
                        }

                        kept.Append(c);
                        i++;
                    }

                    kept.Append(text[i]);
                    break;
            }
        }

        clean = kept.ToString().Normalize(NormalizationForm.FormC);
        return null;
    }

    /// <summary>
    /// The name under which a file is shown and sent back: without folders, control characters, marks of direction, and dots or spaces at its ends; at most
    /// <paramref name="longest"/> characters, its extension kept. Null when nothing is left. What was sent is kept apart, sealed.
    /// </summary>
    public static string? FileName(string sent, int longest)
    {
        if (sent.Any(c => char.IsSurrogate(c)) && Clean(sent, out _) is { Code: "broken_character" })
        {
            return null;
        }

        var name = sent[(sent.LastIndexOfAny(['/', '\\']) + 1)..];
        var kept = new StringBuilder(name.Length);
        foreach (var rune in name.EnumerateRunes())
        {
            if (!Rune.IsControl(rune) && !IsHidden(rune)
                && Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator))
            {
                kept.Append(rune.Value is '<' or '>' or ':' or '"' or '|' or '?' or '*' ? "_" : rune.ToString());
            }
        }

        var clean = kept.ToString().Normalize(NormalizationForm.FormC).Trim().TrimEnd('.', ' ').TrimStart('.');
        if (clean.Length > longest)
        {
            var extension = Path.GetExtension(clean);
            extension = extension.Length <= 10 ? extension : "";
            var cut = longest - extension.Length;
            clean = clean[..(char.IsHighSurrogate(clean[cut - 1]) ? cut - 1 : cut)].TrimEnd() + extension;
        }

        return clean.Length == 0 ? null : clean;
    }

    /// <summary>The common case, without a copy: ASCII letters and line feeds.</summary>
    private static bool IsPlain(string text)
    {
        foreach (var c in text)
        {
            if (c is not ((>= ' ' and <= '~') or '\n' or '\t' or (>= '\u00A0' and <= '\u02FF')))
            {
                return false;
            }
        }

        return true;
    }

    private static Fault Control(char c) => new(
        "control_character",
        $"The text holds the control character U+{(int)c:X4}, which cannot be shown. Remove it: only line ends and tabs are accepted.",
        $"Le texte contient le caractère de commande U+{(int)c:X4}, qui ne peut pas être affiché. Retirez-le : seuls les retours à la ligne et les "
            + "tabulations sont acceptés.");
}
