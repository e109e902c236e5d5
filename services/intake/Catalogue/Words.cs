using System.Globalization;
using System.Text;

namespace SecondOpinion.Intake.Catalogue;

/// <summary>How words are compared: without accents, case and the little words of French.</summary>
internal static class Words
{
    private static readonly HashSet<string> Little =
    [
        "a", "ai", "au", "aux", "avec", "ce", "d", "dans", "de", "des", "du", "elle", "en", "est", "et", "il", "j", "je", "l", "la", "le", "les", "ma", "mes",
        "mon", "ne", "n", "on", "ou", "par", "pas", "pour", "qu", "que", "qui", "s", "sa", "se", "ses", "son", "sur", "un", "une", "y",
    ];

    /// <summary>Lower case, no accents, œ as oe; everything but letters and digits becomes one space.</summary>
    public static string Normal(string text)
    {
        var result = new StringBuilder(text.Length + 4);
        foreach (var c in text.Normalize(NormalizationForm.FormD))
        {
            if (CharUnicodeInfo.GetUnicodeCategory(c) == UnicodeCategory.NonSpacingMark)
            {
                continue;
            }

            switch (char.ToLowerInvariant(c))
            {
                case 'œ':
                    result.Append("oe");
                    break;
                case 'æ':
                    result.Append("ae");
                    break;
                case var lower when char.IsAsciiLetterOrDigit(lower):
                    result.Append(lower);
                    break;
                default:
                    if (result.Length > 0 && result[^1] != ' ')
                    {
                        result.Append(' ');
                    }

                    break;
            }
        }

        return result.ToString().TrimEnd();
    }

    /// <summary>The words that count. When there are none (« le »), all of them.</summary>
    public static string[] Of(string normal)
    {
        var all = normal.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var kept = all.Where(w => !Little.Contains(w)).ToArray();
        return kept.Length > 0 ? kept : all;
    }

    /// <summary>
    /// How a French word sounds, roughly: what people write by ear (« flebite », « himofilie ») meets what the dictionary writes.
    /// </summary>
    public static string Sound(string word)
    {
        var s = new StringBuilder(word)
            .Replace("ph", "f").Replace("th", "t").Replace("rh", "r").Replace("ch", "k").Replace("qu", "k").Replace("ck", "k")
            .Replace("eau", "o").Replace("au", "o")
            .Replace("ae", "e").Replace("oe", "e").Replace("ai", "e").Replace("ei", "e").Replace("y", "i").Replace("ce", "se")
            .Replace("ci", "si").Replace("c", "k")
            .Replace("q", "k").Replace("z", "s").Replace("h", "").Replace("x", "ks").Replace("en", "an").Replace("em", "an")
            .Replace("am", "an").Replace("im", "in");
        var result = new StringBuilder(s.Length);
        for (var i = 0; i < s.Length; i++)
        {
            if (i == 0 || s[i] != s[i - 1])
            {
                result.Append(s[i]);
            }
        }

        while (result.Length > 3 && result[^1] is 'e' or 's' or 't')
        {
            result.Length--;
        }

        return result.ToString();
    }

    /// <summary>Which letters a word has, as a set; digits share one place.</summary>
    public static uint Letters(string word)
    {
        var set = 0u;
        foreach (var c in word)
        {
            set |= 1u << (char.IsAsciiLetterLower(c) ? c - 'a' : 26);
        }

        return set;
    }

    /// <summary>
    /// Edits between two words (a letter added, dropped, changed, or two swapped), counted up to <paramref name="most"/>; one more means "too far".
    /// </summary>
    public static int Distance(string a, string b, int most)
    {
        if (Math.Abs(a.Length - b.Length) > most)
        {
            return most + 1;
        }

        Span<int> before = stackalloc int[b.Length + 1];
        Span<int> previous = stackalloc int[b.Length + 1];
        Span<int> current = stackalloc int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++)
        {
            previous[j] = j;
        }

        for (var i = 1; i <= a.Length; i++)
        {
            current[0] = i;
            var best = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = a[i - 1] == b[j - 1] ? 0 : 1;
                var edits = Math.Min(Math.Min(previous[j] + 1, current[j - 1] + 1), previous[j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    edits = Math.Min(edits, before[j - 2] + 1);
                }

                current[j] = edits;
                best = Math.Min(best, edits);
            }

            if (best > most)
            {
                return most + 1;
            }

            var reused = before;
            before = previous;
            previous = current;
            current = reused;
        }

        return previous[b.Length];
    }
}
