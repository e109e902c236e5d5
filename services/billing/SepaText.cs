using System.Globalization;
using System.Text;

namespace SecondOpinion.Billing;

/// <summary>
/// Text as every SEPA bank takes it (EPC217-08): letters without accents, digits, space and / - ? : ( ) . , ' +; never beginning or ending with a slash, and
/// never two in a row.
/// </summary>
internal static class SepaText
{
    private const string Signs = " /-?:().,'+";

    /// <param name="text">As people write it.</param>
    /// <param name="longest">In characters: 70 for a name, 140 for what a payment says.</param>
    public static string Of(string text, int longest)
    {
        var plain = new StringBuilder();
        foreach (var c in text.Normalize(NormalizationForm.FormD))
        {
            plain.Append(c switch
            {
                'œ' => "oe",
                'Œ' => "OE",
                'æ' => "ae",
                'Æ' => "AE",
                'ß' => "ss",
                'ø' => "o",
                'Ø' => "O",
                'ł' => "l",
                'Ł' => "L",
                'đ' => "d",
                '’' or '‘' => "'",
                '–' or '—' or '_' => "-",
                '&' => "+",
                '€' => "EUR",
                _ when char.IsAsciiLetterOrDigit(c) || Signs.Contains(c, StringComparison.Ordinal) => c.ToString(),
                _ when CharUnicodeInfo.GetUnicodeCategory(c) == UnicodeCategory.NonSpacingMark => "",
                _ => " ",
            });
        }

        var words = string.Join(' ', plain.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries));
        while (words.Contains("//", StringComparison.Ordinal))
        {
            words = words.Replace("//", "/", StringComparison.Ordinal);
        }

        words = words.Trim('/', ' ');
        return words.Length <= longest ? words : words[..longest].Trim('/', ' ');
    }
}
