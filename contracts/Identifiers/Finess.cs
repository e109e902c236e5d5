using System.Diagnostics.CodeAnalysis;

namespace SecondOpinion.Contracts.Identifiers;

/// <summary>
/// A health structure's number (FINESS): 9 characters, the département first (2A and 2B in Corsica), a Luhn key last.
/// No source gives the key rule of Corsican numbers, so theirs is not judged.
/// </summary>
public readonly record struct Finess : IParsable<Finess>
{
    public const int Length = 9;

    private Finess(string value) => Value = value;

    public string Value { get; }

    public static bool TryParse([NotNullWhen(true)] string? text, out Finess value, out string? reason)
    {
        value = default;
        var clean = Typed.Clean(text);
        var corsican = clean.Length == Length && clean[0] == '2' && clean[1] is 'A' or 'B';
        if (clean.Length != Length || !Typed.AllDigits(corsican ? clean.AsSpan(2) : clean))
        {
            reason = "Un numéro FINESS comporte 9 chiffres (2A ou 2B en tête pour la Corse).";
            return false;
        }

        if (!corsican && !Luhn.IsValid(clean))
        {
            reason = "La clé du numéro FINESS est fausse : vérifiez les chiffres.";
            return false;
        }

        value = new Finess(clean);
        reason = null;
        return true;
    }

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out Finess result) => TryParse(s, out result, out _);

    public static Finess Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, out var value, out var reason) ? value : throw new FormatException(reason);

    public static Finess WithKey(string eightDigits) => Parse(eightDigits + Luhn.KeyOf(eightDigits));

    public override string ToString() => Value ?? "";
}
