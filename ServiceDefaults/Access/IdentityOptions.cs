using Microsoft.Extensions.Configuration;

namespace SecondOpinion.ServiceDefaults.Access;

/// <summary>
/// Section <c>Identity</c>: who issues the tokens, and with what this service asks for its own. Any OpenID Connect issuer will do
/// (docs/identity.md); a service knows no key but those that the issuer publishes.
/// </summary>
public sealed class IdentityOptions
{
    private static readonly TimeSpan LongestSkew = TimeSpan.FromSeconds(60);

    /// <summary>The issuer's address; its discovery document is below it. HTTPS, except on this machine.</summary>
    public Uri? Authority { get; set; }

    /// <summary>As whom the service asks for tokens; its name unless set.</summary>
    public string? ClientId { get; set; }

    /// <summary>Needed where the service calls another one, or asks the issuer what was revoked.</summary>
    public string? ClientSecret { get; set; }

    /// <summary>What <c>aud</c> must hold; the service's name unless set.</summary>
    public string? Audience { get; set; }

    /// <summary>Accepted values of a token's <c>typ</c>. Keycloak before 26 writes <c>JWT</c>, for other kinds of tokens too.</summary>
    public string[] TokenTypes { get; set; } = [];

    /// <summary>How far the issuer's clock and this one may be apart; at most 60 s.</summary>
    public TimeSpan ClockSkew { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The longest life of an access token (<c>exp</c> less <c>iat</c>) of an issuer that publishes no revocations: with the clock skew, the time for which a
    /// logout or a revoked client may still be answered.
    /// </summary>
    public TimeSpan LongestToken { get; set; } = TimeSpan.FromSeconds(50);

    internal IReadOnlyList<string> AcceptedTypes => TokenTypes.Length > 0 ? TokenTypes : ["at+jwt"];

    /// <exception cref="InvalidOperationException">Something is missing or makes no sense; the message says what to set.</exception>
    internal static IdentityOptions Read(IConfiguration configuration)
    {
        if (configuration.GetSection("Authentication:Schemes:Bearer:SigningKeys").Exists())
        {
            throw new InvalidOperationException(
                "Authentication:Schemes:Bearer:SigningKeys is set. Services share no key for tokens any more: "
                    + "set Identity:Authority to an OpenID Connect issuer instead.");
        }

        var options = configuration.GetSection("Identity").Get<IdentityOptions>() ?? new IdentityOptions();
        var authority = options.Authority ?? throw new InvalidOperationException(
            "Identity:Authority is not set: nobody could call this service. "
                + "Set it to the address of an OpenID Connect issuer; AppHost does it for local runs.");
        if (!authority.IsAbsoluteUri || (authority.Scheme != Uri.UriSchemeHttps && !(authority.Scheme == Uri.UriSchemeHttp && authority.IsLoopback)))
        {
            throw new InvalidOperationException($"Identity:Authority is {authority}: an issuer is reached by https, and by http on this machine only.");
        }

        return options.ClockSkew < TimeSpan.Zero || options.ClockSkew > LongestSkew || options.LongestToken <= TimeSpan.Zero
            ? throw new InvalidOperationException("Identity:ClockSkew lies between 0 and 60 s, and Identity:LongestToken above 0.")
            : options;
    }
}
