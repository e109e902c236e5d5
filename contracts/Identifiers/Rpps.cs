using System.Diagnostics.CodeAnalysis;

namespace SecondOpinion.Contracts.Identifiers;

/// <summary>
/// A physician's number in the national register (RPPS): 11 digits for life, the last one commonly a Luhn key.
/// The key is own knowledge of the field, not an official text, and numbers that fail it exist: it is a warning, <see cref="KeyHolds"/>, and the register is
/// the proof (docs/decisions/0005).
/// </summary>
public readonly record struct Rpps : IParsable<Rpps>
{
    public const int Length = 11;

    private Rpps(string value) => Value = value;

    public string Value { get; }

    /// <summary>False is a warning: mistyped most likely. Whoever takes the number from a keyboard asks again, or the register.</summary>
    public bool KeyHolds => Value is not null && Luhn.IsValid(Value);

    public const string KeyWarning = "La clé du numéro RPPS est fausse : vérifiez les chiffres.";

    /// <summary>
    /// The pseudonym of the physician in events, tables of other services and traces: the same number gives the same id everywhere in an installation,
    /// so that a token that carries an RPPS (Pro Santé Connect) needs no look-up. It is the one id that is not a UUID v7.
    /// </summary>
    /// <exception cref="InvalidOperationException">This process was not given the key (<see cref="PhysicianPseudonyms"/>).</exception>
    public Guid PhysicianId => PhysicianPseudonyms.Of(this);

    /// <param name="text">Digits, with whatever spaces people type; the 12-digit national id (8 followed by the RPPS) is accepted too.</param>
    /// <param name="value">The number, when it is one.</param>
    /// <param name="reason">Why it is refused, for people.</param>
    public static bool TryParse([NotNullWhen(true)] string? text, out Rpps value, out string? reason)
    {
        value = default;
        var clean = Typed.Clean(text);
        if (clean.Length == Length + 1 && clean[0] == '8')
        {
            clean = clean[1..];
        }

        if (clean.Length != Length || !Typed.AllDigits(clean))
        {
            reason = "Un numéro RPPS comporte 11 chiffres.";
            return false;
        }

        value = new Rpps(clean);
        reason = null;
        return true;
    }

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out Rpps result) => TryParse(s, out result, out _);

    static Rpps IParsable<Rpps>.Parse(string s, IFormatProvider? provider) => Parse(s);

    public static Rpps Parse(string s) =>
        TryParse(s, out var value, out var reason) ? value : throw new FormatException(reason);

    /// <summary>The number whose first ten digits are given: for fictitious rosters and tests.</summary>
    public static Rpps WithKey(string tenDigits) => Parse(tenDigits + Luhn.KeyOf(tenDigits));

    public override string ToString() => Value ?? "";
}
