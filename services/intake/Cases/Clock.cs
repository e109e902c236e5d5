namespace SecondOpinion.Intake.Cases;

/// <summary>
/// The 7-day promise: it starts when the file is complete, stands still while the physician waits for the patient, and stops at delivery.
/// A pause moves the end by its own length.
/// </summary>
internal readonly record struct Clock(DateTimeOffset StartedAt, DateTimeOffset DueAt, DateTimeOffset? PausedSince, DateTimeOffset? StoppedAt)
{
    public static readonly TimeSpan Promise = TimeSpan.FromDays(7);

    public static Clock Start(DateTimeOffset now) => new(now, now + Promise, null, null);

    public bool IsRunning => PausedSince is null && StoppedAt is null;

    public Clock Pause(DateTimeOffset now) => IsRunning ? this with { PausedSince = Later(now, StartedAt) } : this;

    public Clock Resume(DateTimeOffset now) =>
        PausedSince is { } since && StoppedAt is null ? this with { DueAt = DueAt + (Later(now, since) - since), PausedSince = null } : this;

    public Clock Stop(DateTimeOffset now) => StoppedAt is null ? Resume(now) with { StoppedAt = Later(now, StartedAt) } : this;

    /// <summary>What is left of the seven days; negative when late.</summary>
    public TimeSpan Remaining(DateTimeOffset now) => DueAt - (StoppedAt ?? PausedSince ?? Later(now, StartedAt));

    /// <summary>Clocks of two machines may disagree by a little: time never runs backwards here.</summary>
    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;
}
