using System.Security.Claims;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.ServiceDefaults.Access;

/// <summary>What decides whether a good token is still wanted.</summary>
/// <param name="Session">Of a person who signed in (<c>sid</c>).</param>
/// <param name="Client">Who asked the issuer for it (<c>client_id</c>, or <c>azp</c>).</param>
internal sealed record TokenFacts(string? Session, string? Client, string? Subject, DateTimeOffset IssuedAt, DateTimeOffset Expires)
{
    public static TokenFacts Of(JsonWebToken token) => new(
        Text(token, "sid"), Text(token, "client_id") ?? Text(token, "azp"), token.Subject,
        new DateTimeOffset(token.IssuedAt, TimeSpan.Zero), new DateTimeOffset(token.ValidTo, TimeSpan.Zero));

    private static string? Text(JsonWebToken token, string claim) => token.TryGetClaim(claim, out var found) ? found.Value : null;
}

/// <summary>Reads the one role of a token, wherever the issuer puts it, and the client.</summary>
internal static class TokenClaims
{
    /// <summary>
    /// <c>role</c> (a text or a list), else Keycloak's <c>realm_access.roles</c> and <c>resource_access.AUDIENCE.roles</c>. Names that are no roles here are
    /// left aside (Keycloak gives everybody some); exactly one must remain, since what a person sees follows from it.
    /// </summary>
    /// <returns>What is wrong; null when <paramref name="user"/> now holds one <c>role</c> and, where known, one <c>client_id</c>.</returns>
    public static Problem? Settle(ClaimsPrincipal user, string audience)
    {
        var identity = (ClaimsIdentity)user.Identity!;
        var named = identity.FindAll("role").Select(c => c.Value)
            .Concat(Nested(identity.FindFirst("realm_access")?.Value, "roles"))
            .Concat(Nested(identity.FindFirst("resource_access")?.Value, audience, "roles")).Distinct().ToList();
        var known = named.Intersect(Roles.All).ToList();
        foreach (var claim in identity.FindAll("role").ToList())
        {
            identity.RemoveClaim(claim);
        }

        if (known is not [var role])
        {
            return named.Count == 0 ? TokenProblems.HasNoRole() : TokenProblems.HasUnknownRole();
        }

        identity.AddClaim(new Claim("role", role));
        if (identity.FindFirst("client_id") is null && identity.FindFirst("azp") is { } client)
        {
            identity.AddClaim(new Claim("client_id", client.Value));
        }

        return null;
    }

    private static IEnumerable<string> Nested(string? json, params string[] path)
    {
        if (json is null)
        {
            return [];
        }

        try
        {
            var found = JsonElement.Parse(json);
            foreach (var step in path)
            {
                if (found.ValueKind != JsonValueKind.Object || !found.TryGetProperty(step, out found))
                {
                    return [];
                }
            }

            return found.ValueKind == JsonValueKind.Array
                ? [.. found.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.String).Select(e => e.GetString()!)]
                : [];
        }
        catch (JsonException)
        {
            // Another issuer may mean something else by that name: it is then no list of roles.
            return [];
        }
    }
}
