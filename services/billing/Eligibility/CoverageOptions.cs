using System.ComponentModel.DataAnnotations;
using SecondOpinion.ServiceDefaults.Options;

namespace SecondOpinion.Billing.Eligibility;

/// <summary>Bound from <c>Coverage</c>.</summary>
internal sealed class CoverageOptions : ISettings
{
    public static string Section => "Coverage";

    /// <summary>Days for which an engagement holds; an unused reservation expires with it. Three months: a case and all its pauses fit in.</summary>
    [Range(1, 366)]
    public int EngagementDays { get; set; } = 90;
}
