using SecondOpinion.Intake.Cases;
using SecondOpinion.ServiceDefaults.Options;

namespace SecondOpinion.Intake.Rights;

/// <summary>How long cases are kept. The defaults follow the CNIL's reference for medical practices (délibération 2020-081) and R.1112-7 CSP.</summary>
internal sealed class RetentionPeriods : ISettings
{
    public static string Section => "Retention";

    /// <summary>Years in active use after the opinion.</summary>
    public int ActiveYears { get; set; } = 5;

    /// <summary>Years in all after the opinion: active, then archived.</summary>
    public int TotalYears { get; set; } = 20;

    /// <summary>Whoever was a minor at the opinion: at least until this birthday.</summary>
    public int MinorsUntilAge { get; set; } = 28;

    /// <summary>
    /// Years for a case that ended without an opinion. Two, as a claim on an insurance contract lapses (L.221-11 Code de la mutualité, L.114-1 Code des
    /// assurances): until then somebody may ask why a use was held.
    /// </summary>
    public int WithoutOpinionYears { get; set; } = 2;

    /// <summary>The passes count and record what they would do, and do nothing.</summary>
    public bool DryRun { get; set; }

    private const int Majority = 18;

    public string? Fault() =>
        ActiveYears >= 1 && TotalYears >= ActiveYears && MinorsUntilAge >= Majority && WithoutOpinionYears >= 1
            ? null
            : "Retention: ActiveYears and WithoutOpinionYears are at least 1, TotalYears at least ActiveYears, MinorsUntilAge at least 18.";

    /// <param name="withOpinion">Whether an opinion was given.</param>
    /// <param name="ended">The day of the opinion, or of the end without one, in Paris.</param>
    /// <param name="birth">The patient's date of birth.</param>
    /// <returns>The first days on which the case is no longer active, and no longer kept.</returns>
    public (DateOnly ActiveUntil, DateOnly KeptUntil) Of(bool withOpinion, DateOnly ended, DateOnly birth)
    {
        if (!withOpinion)
        {
            var until = ended.AddYears(WithoutOpinionYears);
            return (until, until);
        }

        var kept = ended.AddYears(TotalYears);
        var grown = birth.AddYears(MinorsUntilAge);
        return (ended.AddYears(ActiveYears), birth.AddYears(Majority) > ended && grown > kept ? grown : kept);
    }

    /// <summary>Of the states in which a case is over, the one that follows an opinion.</summary>
    public static bool HasOpinion(CaseState state) => state is CaseState.Delivered or CaseState.Closed;
}
