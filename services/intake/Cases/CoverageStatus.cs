namespace SecondOpinion.Intake.Cases;

/// <summary>What the insurer has said about a case.</summary>
internal enum CoverageStatus
{
    /// <summary>Nobody was asked.</summary>
    None,

    /// <summary>The insurer is being asked.</summary>
    Pending,
    Covered,

    /// <summary>A use is held for this case.</summary>
    Reserved,
    Refused,
}
