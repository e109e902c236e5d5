namespace SecondOpinion.Billing;

/// <summary>What became of the use that was held for a case.</summary>
internal enum CoverageState
{
    Reserved,

    /// <summary>The opinion was delivered: the use is consumed.</summary>
    Confirmed,

    /// <summary>Given back: the case was withdrawn.</summary>
    Released,

    /// <summary>Given back: the engagement ran out before an opinion was delivered.</summary>
    Expired,
}

/// <summary>Whose uses are counted.</summary>
internal enum UseSubject
{
    Person,

    /// <summary>All who share a member number.</summary>
    Family,
}
