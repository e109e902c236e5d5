using System.Diagnostics.CodeAnalysis;

namespace SecondOpinion.Contracts.Identifiers;

/// <summary>
/// A health structure's number (FINESS): 9 characters, the département first (2A and 2B in Corsica), a Luhn key last.
/// In a Corsican number the letter counts as 1 (A) or 2 (B): the rule holds on all 64 Corsican numbers of the SAE 2023, sites and legal entities, and no other
/// reading does. Test software uses numbers with another letter in second place (<c>0B0172805</c>): they are read, marked by <see cref="IsTest"/>, and their
/// key is not judged.
/// </summary>
public readonly record struct Finess : IParsable<Finess>
{
    public const int Length = 9;

    private Finess(string value) => Value = value;

    public string Value { get; }

    /// <summary>A number of the test directories, of no real structure.</summary>
    public bool IsTest => Value is { Length: Length } && char.IsAsciiLetterUpper(Value[1]) && !IsCorsican(Value);

    public static bool TryParse([NotNullWhen(true)] string? text, out Finess value, out string? reason)
    {
        value = default;
        var clean = Typed.Clean(text);
        var lettered = clean.Length == Length && char.IsAsciiDigit(clean[0]) && char.IsAsciiLetterUpper(clean[1]);
        if (clean.Length != Length || !Typed.AllDigits(lettered ? clean.AsSpan(2) : clean))
        {
            reason = "Un numéro FINESS comporte 9 chiffres (2A ou 2B en tête pour la Corse).";
            return false;
        }

        if (!(lettered && !IsCorsican(clean)) && !Luhn.IsValid(Digits(clean)))
        {
            reason = "La clé du numéro FINESS est fausse : vérifiez les chiffres.";
            return false;
        }

        value = new Finess(clean);
        reason = null;
        return true;
    }

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out Finess result) => TryParse(s, out result, out _);

    static Finess IParsable<Finess>.Parse(string s, IFormatProvider? provider) => Parse(s);

    public static Finess Parse(string s) =>
        TryParse(s, out var value, out var reason) ? value : throw new FormatException(reason);

    public static Finess WithKey(string eightCharacters) => Parse(eightCharacters + Luhn.KeyOf(Digits(eightCharacters)));

    private static bool IsCorsican(string text) => text[0] == '2' && text[1] is 'A' or 'B';

    private static string Digits(string text) => text[1] switch
    {
        'A' => $"{text[0]}1{text[2..]}",
        'B' => $"{text[0]}2{text[2..]}",
        _ => text,
    };

    public override string ToString() => Value ?? "";
}
