using SecondOpinion.ServiceDefaults.Options;

namespace SecondOpinion.Matching;

/// <summary>Section <c>Matching</c>; checked at start.</summary>
internal sealed class MatchingOptions : ISettings
{
    public static string Section => "Matching";

    /// <summary>How long a physician has to answer.</summary>
    public TimeSpan OfferLifetime { get; set; } = TimeSpan.FromHours(24);

    /// <summary>Added before an offer counts as expired: an answer given in time may still be on its way.</summary>
    public TimeSpan ExpiryGrace { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>A case without a physician is escalated when this much of its clock is left.</summary>
    public TimeSpan EscalateBefore { get; set; } = TimeSpan.FromHours(72);

    /// <summary>Declined or expired offers after which a coordinator takes over.</summary>
    public int RefusalsBeforeEscalation { get; set; } = 3;

    /// <summary>With less than this left on the clock nobody is replaced by itself any more: a coordinator judges.</summary>
    public TimeSpan ReplacementNeeds { get; set; } = TimeSpan.FromHours(12);

    /// <summary>How often the sweep looks for cases whose moment has come.</summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often a case for which nobody could be asked is tried again, should a wake-up be lost.</summary>
    public TimeSpan TryAgainAfter { get; set; } = TimeSpan.FromMinutes(1);

    public string? Fault() =>
        OfferLifetime > TimeSpan.Zero && ExpiryGrace >= TimeSpan.Zero && EscalateBefore >= TimeSpan.Zero
        && RefusalsBeforeEscalation > 0 && ReplacementNeeds >= TimeSpan.Zero && SweepInterval > TimeSpan.Zero && TryAgainAfter > TimeSpan.Zero
            ? null
            : "Section Matching: lifetimes and intervals are durations above zero, e.g. Matching:OfferLifetime=24:00:00.";
}
