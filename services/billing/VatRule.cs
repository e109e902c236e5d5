namespace SecondOpinion.Billing;

/// <summary>How VAT is treated on a line.</summary>
/// <param name="Category">UNTDID 5305: <c>S</c> or <c>E</c>.</param>
/// <param name="Rate">Hundredths of a percent.</param>
/// <param name="Exemption">French; empty when not exempt.</param>
/// <param name="ExemptionCode">Of the VATEX list, or empty.</param>
internal sealed record VatRule(string Category, int Rate, string Exemption, string ExemptionCode)
{
    /// <summary>On a basis in cents; half a cent is rounded up (EN 16931, BR-CO-17).</summary>
    public long TaxOn(long basisCents) => checked((basisCents * Rate + 5000) / 10000);

    /// <summary>Within a price that includes it, as people pay it; half a cent is rounded up.</summary>
    public long TaxWithin(long grossCents) => checked((grossCents * Rate * 2 + 10000 + Rate) / (2 * (10000 + Rate)));
}
