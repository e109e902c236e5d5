namespace SecondOpinion.Matching.Choosing;

/// <summary>
/// How well somebody who can take a case suits it, beside the load: practice in this very disease, and the time that the opinion will take of what is left. In
/// the unit of the load (1: all places held), so that both add up. Lower is better (docs/decisions/0104).
/// </summary>
internal static class Fit
{
    /// <summary>A reference of the field is preferred to usual practice, and that to an occasional one, until a quarter of the places apart in load.</summary>
    private const double PerLevel = 0.25;

    /// <summary>Of somebody who needs all the time that is left.</summary>
    private const double AllTheTime = 0.25;

    /// <summary>Of somebody who would be late: only when nobody else is left.</summary>
    private const double Late = 2;

    public static double Of(CaseToMatch wanted, Expert expert, DateTimeOffset now)
    {
        var level = expert.ReferencePathologies.Contains(wanted.PathologyCode) ? 0 : expert.OccasionalPathologies.Contains(wanted.PathologyCode) ? 2 : 1;
        var left = (wanted.DueAt - now).TotalHours;
        var time = left > 0 && expert.TurnaroundHours <= left ? AllTheTime * expert.TurnaroundHours / left : Late;
        return PerLevel * level + time;
    }
}
