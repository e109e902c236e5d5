using System.Diagnostics.CodeAnalysis;

namespace SecondOpinion.Contracts.Identifiers;

/// <summary>
/// A company's site (SIRET): SIREN (9 digits) and site (5 digits), Luhn over each. La Poste (SIREN 356000000) ran out of Luhn numbers:
/// the digits of its sites add up to a multiple of 5 instead.
/// </summary>
public readonly record struct Siret : IParsable<Siret>
{
    public const int Length = 14;
    private const string LaPoste = "356000000";

    private Siret(string value) => Value = value;

    public string Value { get; }

    public string Siren => Value[..9];

    public static bool TryParse([NotNullWhen(true)] string? text, out Siret value, out string? reason)
    {
        value = default;
        var clean = Typed.Clean(text);
        if (clean.Length != Length || !Typed.AllDigits(clean))
        {
            reason = "Un numéro SIRET comporte 14 chiffres.";
            return false;
        }

        var site = clean.StartsWith(LaPoste, StringComparison.Ordinal)
            ? Luhn.IsValid(clean) || clean.Sum(c => c - '0') % 5 == 0
            : Luhn.IsValid(clean);
        if (!site || !Luhn.IsValid(clean.AsSpan(0, 9)))
        {
            reason = "La clé du numéro SIRET est fausse : vérifiez les chiffres.";
            return false;
        }

        value = new Siret(clean);
        reason = null;
        return true;
    }

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out Siret result) => TryParse(s, out result, out _);

    static Siret IParsable<Siret>.Parse(string s, IFormatProvider? provider) => Parse(s);

    public static Siret Parse(string s) =>
        TryParse(s, out var value, out var reason) ? value : throw new FormatException(reason);

    /// <summary>A valid number from 8 digits of SIREN and 4 of the site: for fictitious companies and tests.</summary>
    public static Siret WithKeys(string eightDigits, string fourDigits)
    {
        var siren = eightDigits + Luhn.KeyOf(eightDigits);
        var body = siren + fourDigits;
        return Parse(body + Luhn.KeyOf(body));
    }

    public override string ToString() => Value ?? "";
}
