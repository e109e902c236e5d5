using System.ComponentModel.DataAnnotations;
using SecondOpinion.ServiceDefaults.Options;

namespace SecondOpinion.Billing.Fees;

/// <summary>Bound from <c>Fees</c>.</summary>
internal sealed class FeeOptions : ISettings
{
    public static string Section => "Fees";

    /// <summary>Day of the month on which the fees of the month before are ordered.</summary>
    [Range(1, 28)]
    public int RunDay { get; set; } = 5;

    /// <summary>Days from the order to its execution by the bank.</summary>
    [Range(0, 30)]
    public int ExecutionDays { get; set; } = 1;

    /// <summary>The scheduled run; ops can order the fees of any month by hand in any case.</summary>
    public bool Scheduled { get; set; } = true;

    /// <summary>
    /// Paid in a year from which on a physician stands on the tax list (DAS2), in cents. To be confirmed by an accountant: it was 1,200 euros.
    /// </summary>
    [Range(0, long.MaxValue)]
    public long Das2ThresholdCents { get; set; } = 2_400_00;
}

internal enum FeeState
{
    Due,

    /// <summary>The bank was asked to pay it.</summary>
    Ordered,

    /// <summary>The bank's statement shows it.</summary>
    Paid,
    Cancelled,
}

internal enum TransferState
{
    Ordered,
    Paid,
    Rejected,
}
