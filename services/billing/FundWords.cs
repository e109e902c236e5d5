namespace SecondOpinion.Billing;

/// <summary>Why somebody asks the solidarity fund: what an agent has seen a proof of, never an illness.</summary>
internal enum FundSituation
{
    NoInsurer,

    /// <summary>PUMA, AME or complémentaire santé solidaire without a partner.</summary>
    PublicCover,

    /// <summary>ALD: care paid in full by the state health insurance.</summary>
    LongIllness,
    SocialReferral,
}

/// <summary>What became of a request to the fund.</summary>
internal enum FundState
{
    Refused,

    /// <summary>The money is held; no case names it yet.</summary>
    Granted,

    /// <summary>A case was submitted with it.</summary>
    Reserved,

    /// <summary>The opinion was delivered.</summary>
    Spent,

    /// <summary>The case was withdrawn: the money is back in the budget.</summary>
    Returned,

    /// <summary>No case was submitted with it in time: the money is back in the budget.</summary>
    Expired,
}

/// <summary>How well a département is provided with physicians, as an authority or the council decided it.</summary>
internal enum DepartmentClass
{
    Desert,
    Intermediate,
    WellServed,
}
