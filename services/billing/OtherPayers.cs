using SecondOpinion.Contracts.Identifiers;

namespace SecondOpinion.Billing;

/// <summary>The numbers by which a case names a payer that is no insurer; none can be registered with one of them.</summary>
internal static class OtherPayers
{
    public static readonly AmcNumber Fund = AmcNumber.Parse("0000000001");
    public static readonly AmcNumber Patient = AmcNumber.Parse("0000000002");
}
