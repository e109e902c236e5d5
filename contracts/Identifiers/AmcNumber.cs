using System.Diagnostics.CodeAnalysis;

namespace SecondOpinion.Contracts.Identifiers;

/// <summary>A complementary insurer's number (numéro AMC): 8 to 10 digits on real cards, compared as if padded with zeros on the left to 10.</summary>
public readonly record struct AmcNumber : IParsable<AmcNumber>
{
    private AmcNumber(string value) => Value = value;

    /// <summary>Always 10 digits.</summary>
    public string Value { get; }

    public static bool TryParse([NotNullWhen(true)] string? text, out AmcNumber value, out string? reason)
    {
        var clean = Typed.Clean(text);
        if (clean.Length is < 8 or > 10 || !Typed.AllDigits(clean))
        {
            value = default;
            reason = "Un numéro AMC comporte 8 à 10 chiffres.";
            return false;
        }

        value = new AmcNumber(clean.PadLeft(10, '0'));
        reason = null;
        return true;
    }

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out AmcNumber result) => TryParse(s, out result, out _);

    static AmcNumber IParsable<AmcNumber>.Parse(string s, IFormatProvider? provider) => Parse(s);

    public static AmcNumber Parse(string s) =>
        TryParse(s, out var value, out var reason) ? value : throw new FormatException(reason);

    public override string ToString() => Value ?? "";
}
