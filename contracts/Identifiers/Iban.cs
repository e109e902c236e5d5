using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace SecondOpinion.Contracts.Identifiers;

/// <summary>
/// A bank account (ISO 13616): country, two check digits (mod 97 = 1) and the national number. A French one has 27 characters
/// and its own RIB key as well. <see cref="ToString"/> masks it.
/// </summary>
public readonly record struct Iban : IParsable<Iban>
{
    private Iban(string value) => Value = value;

    public string Value { get; }

    public string Country => Value[..2];

    public static bool TryParse([NotNullWhen(true)] string? text, out Iban value, out string? reason)
    {
        value = default;
        var clean = Typed.Clean(text);
        if (clean.Length is < 15 or > 34 || !char.IsAsciiLetterUpper(clean[0]) || !char.IsAsciiLetterUpper(clean[1])
            || !Typed.AllDigits(clean.AsSpan(2, 2)) || !clean.All(char.IsAsciiLetterOrDigit))
        {
            reason = "Un IBAN commence par le pays (deux lettres) et une clé de deux chiffres ; il compte 15 à 34 caractères.";
            return false;
        }

        if (clean.StartsWith("FR", StringComparison.Ordinal) && clean.Length != 27)
        {
            reason = "Un IBAN français comporte 27 caractères.";
            return false;
        }

        if (Mod97(clean.AsSpan(4), clean.AsSpan(0, 4)) != 1
            || (clean.StartsWith("FR", StringComparison.Ordinal) && !HasRibKey(clean.AsSpan(4))))
        {
            reason = "La clé de l'IBAN est fausse : vérifiez les caractères.";
            return false;
        }

        value = new Iban(clean);
        reason = null;
        return true;
    }

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out Iban result) => TryParse(s, out result, out _);

    static Iban IParsable<Iban>.Parse(string s, IFormatProvider? provider) => Parse(s);

    public static Iban Parse(string s) =>
        TryParse(s, out var value, out var reason) ? value : throw new FormatException(reason);

    /// <summary>The French IBAN of bank (5), branch (5) and account (11 characters): for fictitious accounts and tests.</summary>
    public static Iban French(string bank, string branch, string account)
    {
        var rib = bank + branch + account;
        var bban = rib + (97 - RibRemainder(rib + "00")).ToString("00", CultureInfo.InvariantCulture);
        return Parse("FR" + (98 - Mod97(bban, "FR00")).ToString("00", CultureInfo.InvariantCulture) + bban);
    }

    public override string ToString() => Value is null ? "" : $"{Value[..4]}…{Value[^3..]}";

    private static int Mod97(ReadOnlySpan<char> first, ReadOnlySpan<char> then)
    {
        var rest = 0;
        foreach (var c in first)
        {
            rest = Next(rest, c);
        }

        foreach (var c in then)
        {
            rest = Next(rest, c);
        }

        return rest;

        static int Next(int rest, char c) => char.IsAsciiDigit(c) ? (rest * 10 + (c - '0')) % 97 : (rest * 100 + (c - 'A' + 10)) % 97;
    }

    private static bool HasRibKey(ReadOnlySpan<char> bban) => RibRemainder(bban) == 0;

    /// <summary>RIB: bank, branch, account and key read as one number is a multiple of 97; letters count A,J=1 … B,K,S=2 … R=9, I,Z=9.</summary>
    private static int RibRemainder(ReadOnlySpan<char> bban)
    {
        var rest = 0;
        foreach (var c in bban)
        {
            var digit = c switch
            {
                >= '0' and <= '9' => c - '0',
                >= 'A' and <= 'I' => c - 'A' + 1,
                >= 'J' and <= 'R' => c - 'J' + 1,
                _ => c - 'S' + 2,
            };
            rest = (rest * 10 + digit) % 97;
        }

        return rest;
    }
}
