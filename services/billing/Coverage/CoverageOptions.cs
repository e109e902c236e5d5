namespace SecondOpinion.Billing.Coverage;

/// <summary>Bound from <c>Coverage</c>.</summary>
internal sealed class CoverageOptions
{
    /// <summary>Days for which an engagement holds; an unused reservation expires with it. Three months: a case and all its pauses fit in.</summary>
    public int EngagementDays { get; set; } = 90;

    /// <exception cref="InvalidOperationException">Out of range.</exception>
    public CoverageOptions Checked() => EngagementDays is >= 1 and <= 366
        ? this
        : throw new InvalidOperationException("Coverage:EngagementDays must be from 1 to 366.");
}
