namespace SecondOpinion.Tests.Support;

/// <summary>A clock that a test sets. Only the time of day is manual: timers run on the real clock.</summary>
public sealed class ManualTime(DateTimeOffset now) : TimeProvider
{
    private DateTimeOffset _now = now;

    public override DateTimeOffset GetUtcNow() => _now;

    public void Advance(TimeSpan by) => _now += by;
}
