using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace SecondOpinion.Contracts.Identifiers;

/// <summary>
/// A person's number in the national register (NIR; with its identity traits, the matricule INS): 13 characters and a two-digit key,
/// 97 − (body mod 97). Corsica's 2A and 2B count as 19 and 18 and are kept as letters. Provisional numbers (sex 3, 4, 7 or 8),
/// unknown months (20–42 and 50–99) and births abroad (place 99…) are real and accepted: only the shape and the key are judged.
/// Many people write it without its key, as on older cards: then the key is computed, everywhere the same.
/// <see cref="ToString"/> masks it, so that no log or trace can carry it by accident; <see cref="Value"/> is the whole number.
/// </summary>
public readonly record struct Nir : IParsable<Nir>
{
    public const int Length = 15;
    private const int BodyLength = 13;

    private Nir(string value) => Value = value;

    public string Value { get; }

    public bool IsProvisional => Value[0] is '3' or '4' or '7' or '8';

    public static bool TryParse([NotNullWhen(true)] string? text, out Nir value, out string? reason)
    {
        value = default;
        var clean = Typed.Clean(text);
        if (clean.Length is not (BodyLength or Length))
        {
            reason = "Un numéro de sécurité sociale comporte 13 caractères, ou 15 avec sa clé.";
            return false;
        }

        if (!HasShape(clean))
        {
            reason = "Ce numéro n'a pas la forme d'un numéro de sécurité sociale.";
            return false;
        }

        if (clean.Length == BodyLength)
        {
            clean += KeyOf(clean).ToString("00", CultureInfo.InvariantCulture);
        }

        if (KeyOf(clean.AsSpan(0, 13)) != int.Parse(clean.AsSpan(13), CultureInfo.InvariantCulture))
        {
            reason = "La clé du numéro de sécurité sociale (ses deux derniers chiffres) est fausse : vérifiez les chiffres.";
            return false;
        }

        value = new Nir(clean);
        reason = null;
        return true;
    }

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out Nir result) => TryParse(s, out result, out _);

    static Nir IParsable<Nir>.Parse(string s, IFormatProvider? provider) => Parse(s);

    public static Nir Parse(string s) =>
        TryParse(s, out var value, out var reason) ? value : throw new FormatException(reason);

    /// <summary>The number with the key that belongs to a 13-character body: for fictitious people and tests.</summary>
    public static Nir WithKey(string body) => Parse(body + KeyOf(body).ToString("00", CultureInfo.InvariantCulture));

    public override string ToString() => Value is null ? "" : $"{Value[0]}************{Value[13..]}";

    private static bool HasShape(string text)
    {
        if (text[0] is not ('1' or '2' or '3' or '4' or '7' or '8'))
        {
            return false;
        }

        var corsican = text[5] == '2' && text[6] is 'A' or 'B';
        for (var i = 1; i < text.Length; i++)
        {
            if (!char.IsAsciiDigit(text[i]) && !(i == 6 && corsican && text[5] == '2'))
            {
                return false;
            }
        }

        var month = (text[3] - '0') * 10 + (text[4] - '0');
        return month is >= 1 and <= 12 or >= 20 and <= 42 or >= 50 and <= 99;
    }

    private static int KeyOf(ReadOnlySpan<char> body)
    {
        Span<char> digits = stackalloc char[13];
        body.CopyTo(digits);
        if (digits[6] is 'A' or 'B')
        {
            digits[5] = '1';
            digits[6] = digits[6] == 'A' ? '9' : '8';
        }

        return 97 - (int)(long.Parse(digits, CultureInfo.InvariantCulture) % 97);
    }
}
