using System.ComponentModel.DataAnnotations;
using SecondOpinion.ServiceDefaults.Options;

namespace SecondOpinion.Billing.SelfPay;

/// <summary>Bound from <c>SelfPay</c>.</summary>
internal sealed class SelfPayOptions : ISettings
{
    public static string Section => "SelfPay";

    /// <summary>What an opinion costs whoever pays for it themselves, in cents (seed document S0: 295.00 euros), VAT included where there is any.</summary>
    [Range(1, 10_000_00)]
    public long PriceCents { get; set; } = 295_00;

    /// <summary>Payments that an account may have awaited at one time.</summary>
    [Range(1, 20)]
    public int AwaitedAtOnce { get; set; } = 3;
}
