using SecondOpinion.ServiceDefaults.Options;

namespace SecondOpinion.Identity;

/// <summary>Section <c>Issuer</c>: how long things last.</summary>
internal sealed class IssuerSettings : ISettings
{
    public static string Section => "Issuer";

    /// <summary>Of an access token. Services ask what was revoked, so it need not be a minute.</summary>
    public TimeSpan AccessToken { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Of a signed-in person, whatever is done meanwhile.</summary>
    public TimeSpan Session { get; set; } = TimeSpan.FromHours(12);

    /// <summary>A signing key is followed by another one after this time.</summary>
    public TimeSpan RotateAfter { get; set; } = TimeSpan.FromDays(30);

    /// <summary>A new key is published so long before it signs: services read the keys every five minutes.</summary>
    public TimeSpan PublishBefore { get; set; } = TimeSpan.FromHours(1);

    /// <summary>The longest token, one of <c>./run token</c>; revocations and former keys are kept a little longer.</summary>
    public static readonly TimeSpan LongestToken = TimeSpan.FromHours(24);

    public static readonly TimeSpan KeepAfter = LongestToken + TimeSpan.FromHours(1);

    public string? Fault() =>
        AccessToken > TimeSpan.FromSeconds(10) && AccessToken <= LongestToken && Session > AccessToken && RotateAfter > PublishBefore
        && PublishBefore >= TimeSpan.Zero
            ? null
            : "Section Issuer: lifetimes are above zero, tokens live for a day at most, and keys are published before they sign.";
}
