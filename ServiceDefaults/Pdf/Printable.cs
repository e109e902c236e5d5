using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using PdfSharp.Drawing;
using PdfSharp.Fonts;

namespace SecondOpinion.ServiceDefaults.Pdf;

/// <summary>Text as the font can show it: nothing of what was written is lost without a trace.</summary>
internal static partial class Printable
{
    /// <summary>Letters and accents joined; a character that the font lacks (Chinese) is named, e.g. <c>[U+4E2D]</c>; line feeds stay.
    /// So is one beyond U+FFFF (an emoji), which the library would draw and yet give to readers and searches as another.</summary>
    public static string Of(string text, XFont font)
    {
        var valid = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            valid.Append(rune);
        }

        var printable = new StringBuilder(text.Length);
        foreach (var rune in valid.ToString().Normalize().EnumerateRunes())
        {
            if (rune.Value == '\n'
                || (rune.IsBmp && Rune.GetUnicodeCategory(rune) is not UnicodeCategory.Control && GlyphHelper.GlyphIndexFromCodePoint(rune.Value, font) != 0))
            {
                printable.Append(rune);
            }
            else if (rune.Value == '\t')
            {
                printable.Append(' ');
            }
            else if (Rune.GetUnicodeCategory(rune) is not UnicodeCategory.Format && rune.Value is not ('\r' or >= 0xFE00 and <= 0xFE0F))
            {
                printable.Append(CultureInfo.InvariantCulture, $"[U+{rune.Value:X4}]");
            }
        }

        return printable.ToString();
    }

    /// <summary>Runs written from right to left turned round, as they stand on paper: a page is drawn from left to right.</summary>
    public static string AsDrawn(string line) => RightToLeft().Replace(line, run =>
    {
        var signs = new List<string>();
        for (var all = StringInfo.GetTextElementEnumerator(run.Value); all.MoveNext();)
        {
            signs.Add(all.GetTextElement());
        }

        signs.Reverse();
        return string.Concat(signs);
    });

    [GeneratedRegex(
        @"[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFE](?:[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFE\s\p{P}]*[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFE])?")]
    private static partial Regex RightToLeft();
}
