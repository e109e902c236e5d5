using System.Globalization;

namespace SecondOpinion.Billing;

/// <summary>
/// A structured reference of a payment (ISO 11649): <c>RF</c>, two check digits (mod 97 = 1) and up to 21 letters and digits. Banks carry it untouched, so a
/// payment finds what it is for, and a mistyped one is noticed.
/// </summary>
internal static class CreditorReference
{
    private const int LongestBody = 21;

    /// <param name="body">1 to 21 capital letters and digits.</param>
    public static string Of(string body)
    {
        if (body.Length is 0 or > LongestBody || !body.All(c => char.IsAsciiDigit(c) || char.IsAsciiLetterUpper(c)))
        {
            throw new ArgumentException($"'{body}' is no body of a creditor reference: 1 to {LongestBody} capital letters and digits.", nameof(body));
        }

        return string.Create(CultureInfo.InvariantCulture, $"RF{98 - Rest(body + "RF00"):00}{body}");
    }

    /// <summary>
    /// What may be a reference within what a payer wrote, whatever stands around it: every piece whose key holds. One in 97 pieces holds by chance, so each is
    /// to be looked up.
    /// </summary>
    public static IReadOnlyList<string> In(string text)
    {
        var clean = string.Concat(text.ToUpperInvariant().Where(char.IsAsciiLetterOrDigit));
        var found = new List<string>();
        for (var at = clean.IndexOf("RF", StringComparison.Ordinal); at >= 0; at = clean.IndexOf("RF", at + 1, StringComparison.Ordinal))
        {
            for (var length = Math.Min(clean.Length - at, LongestBody + 4); length > 4; length--)
            {
                if (Holds(clean.Substring(at, length)))
                {
                    found.Add(clean.Substring(at, length));
                }
            }
        }

        return found;
    }

    public static bool Holds(string reference) =>
        reference.Length is > 4 and <= LongestBody + 4 && reference.StartsWith("RF", StringComparison.Ordinal)
        && reference.All(c => char.IsAsciiDigit(c) || char.IsAsciiLetterUpper(c)) && char.IsAsciiDigit(reference[2]) && char.IsAsciiDigit(reference[3])
        && Rest(reference[4..] + reference[..4]) == 1;

    private static int Rest(string text) => text.Aggregate(0, (rest, c) =>
        char.IsAsciiDigit(c) ? (rest * 10 + (c - '0')) % 97 : (rest * 100 + (c - 'A' + 10)) % 97);
}
