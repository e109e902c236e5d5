namespace SecondOpinion.Matching.Watching;

/// <summary>
/// How long nothing has been heard of an accepted case, measured against what is left of its clock: a third of it, and the physician is reminded; half, and a
/// coordinator is called; two thirds, and somebody else is asked. Every step comes before the end of the clock, however late the case was accepted, and any
/// sign of work begins the ladder anew (docs/decisions/0086).
/// </summary>
/// <param name="Since">The acceptance, or the last sign of work.</param>
/// <param name="DueAt">End of the 7-day clock.</param>
internal readonly record struct Silence(DateTimeOffset Since, DateTimeOffset DueAt)
{
    private TimeSpan Left => DueAt > Since ? DueAt - Since : TimeSpan.Zero;

    public DateTimeOffset RemindAt => Since + Left / 3;

    public DateTimeOffset CallCoordinatorAt => Since + Left / 2;

    public DateTimeOffset ReplaceAt => Since + Left * 2 / 3;

    /// <summary>The first step after <paramref name="now"/>; null when none is left.</summary>
    public DateTimeOffset? Next(DateTimeOffset now)
    {
        foreach (var step in (DateTimeOffset[])[RemindAt, CallCoordinatorAt, ReplaceAt, DueAt])
        {
            if (step > now)
            {
                return step;
            }
        }

        return null;
    }
}
