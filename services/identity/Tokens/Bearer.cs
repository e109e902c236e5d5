using System.Security.Claims;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using SecondOpinion.Contracts.Identifiers;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace SecondOpinion.Identity.Tokens;

/// <summary>Who gets a token, as services will read it.</summary>
/// <param name="Subject">Pseudonymous: an account, or a client's name. Who a physician is, services read from <c>rpps</c>.</param>
/// <param name="Session">Ends with a logout; null for programs.</param>
internal sealed record Bearer(string Subject, string Role, string? Session = null, Rpps? Rpps = null, Guid? InsurerId = null)
{
    public static Bearer Person(Guid id, string role, string session, string? rpps, Guid? insurerId) =>
        new(id.ToString(), role, session, rpps is null ? null : Contracts.Identifiers.Rpps.Parse(rpps), insurerId);

    public ClaimsPrincipal Principal(IEnumerable<string> scopes, IEnumerable<string> audiences)
    {
        var identity = new ClaimsIdentity(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme, Claims.Name, Claims.Role);
        identity.SetClaim(Claims.Subject, Subject).SetClaim(Claims.Role, Role);
        if (Session is not null)
        {
            identity.SetClaim("sid", Session);
        }

        if (Rpps is { } rpps)
        {
            identity.SetClaim("rpps", rpps.Value);
        }

        if (InsurerId is { } insurer)
        {
            identity.SetClaim("insurer_id", insurer.ToString());
        }

        identity.SetScopes(scopes);
        identity.SetResources(audiences);
        identity.SetDestinations(claim => claim.Type is Claims.Subject or "sid"
            ? [Destinations.AccessToken, Destinations.IdentityToken]
            : [Destinations.AccessToken]);
        return new ClaimsPrincipal(identity);
    }
}
