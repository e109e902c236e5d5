using System.ComponentModel.DataAnnotations;
using SecondOpinion.ServiceDefaults.Options;

namespace SecondOpinion.Billing.Fund;

/// <summary>Bound from <c>Fund</c>.</summary>
internal sealed class FundOptions : ISettings
{
    public static string Section => "Fund";

    /// <summary>What the fund pays for an opinion, in cents: the price for people without cover (295.00 euros), VAT included where there is any.</summary>
    [Range(1, 10_000_00)]
    public long PriceCents { get; set; } = 295_00;

    /// <summary>Days within which a case must be submitted with a grant; afterwards its money serves somebody else.</summary>
    [Range(1, 366)]
    public int GrantDays { get; set; } = 90;
}
