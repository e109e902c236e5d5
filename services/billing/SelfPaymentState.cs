namespace SecondOpinion.Billing;

/// <summary>What became of a payment that a patient makes for themselves.</summary>
internal enum SelfPaymentState
{
    /// <summary>The transfer has not come, or not whole.</summary>
    Awaited,
    Paid,

    /// <summary>A case was submitted with it.</summary>
    Reserved,

    /// <summary>The opinion was delivered.</summary>
    Consumed,

    /// <summary>Given up before anything was paid.</summary>
    Cancelled,
    RefundDue,

    /// <summary>The bank was asked to pay it back.</summary>
    RefundOrdered,
    Refunded,
}
