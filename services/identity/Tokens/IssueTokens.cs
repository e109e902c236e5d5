using System.Text.Json;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Npgsql;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.Identity.Clients;
using SecondOpinion.Identity.People;
using SecondOpinion.ServiceDefaults.Access;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace SecondOpinion.Identity.Tokens;

/// <summary>
/// <c>POST /connect/token</c>. OpenIddict has checked the client, its secret, its rights, the code with its proof, the refresh token; what is left is who gets
/// the token and for whom it is meant.
/// </summary>
internal static class IssueTokens
{
    public const string Path = "/connect/token";
    private const string Scheme = OpenIddictServerAspNetCoreDefaults.AuthenticationScheme;

    public static void Map(WebApplication app) => app.MapPost(Path, Handle).AllowAnonymous().ExcludeFromDescription();

    private static async Task<IResult> Handle(
        HttpContext http, IOpenIddictApplicationManager applications, NpgsqlDataSource dataSource, TimeProvider time, CancellationToken cancel)
    {
        var request = http.GetOpenIddictServerRequest() ?? throw new InvalidOperationException("OpenIddict has not read this request.");
        if (request.IsClientCredentialsGrantType())
        {
            return await ForClient(request, applications, cancel);
        }

        if (request.IsAuthorizationCodeGrantType() || request.IsRefreshTokenGrantType())
        {
            var kept = (await http.AuthenticateAsync(Scheme)).Principal!;
            return await Sessions.Bearer(dataSource, kept.GetClaim("sid"), time.GetUtcNow(), cancel) is { } person
                ? Results.SignIn(person.Principal(kept.GetScopes(), Audiences.Of(person.Role)), authenticationScheme: Scheme)
                : Refuse(Errors.InvalidGrant, "The session has ended.");
        }

        return request.GrantType == TryOut.GrantType ? ForTryOut(request) : Refuse(Errors.UnsupportedGrantType, "There is no such grant.");
    }

    /// <summary>A service asks for one callee at a time; a partner gets what its role leads to.</summary>
    private static async Task<IResult> ForClient(OpenIddictRequest request, IOpenIddictApplicationManager applications, CancellationToken cancel)
    {
        var application = await applications.FindByClientIdAsync(request.ClientId!, cancel)
            ?? throw new InvalidOperationException("The client has just been deleted.");
        var properties = await applications.GetPropertiesAsync(application, cancel);
        var role = Text(properties, KeepClients.Role);
        var insurer = Text(properties, KeepClients.InsurerId);
        var bearer = new Bearer(request.ClientId!, role ?? "", InsurerId: insurer is null ? null : Guid.Parse(insurer));
        var scopes = request.GetScopes();
        return role == Roles.Service
            ? scopes is [var callee] && Audiences.Services.Contains(callee)
                ? Results.SignIn(bearer.Principal(scopes, [callee]), authenticationScheme: Scheme)
                : Refuse(Errors.InvalidScope, "A service asks for one scope: the name of the service that it wants to call.")
            : Results.SignIn(bearer.Principal(scopes, Audiences.Of(bearer.Role)), authenticationScheme: Scheme);
    }

    private static IResult ForTryOut(OpenIddictRequest request)
    {
        var role = (string?)request["role"] ?? "";
        var subject = (string?)request["subject"];
        var hours = (double?)request["hours"] ?? 1;
        Rpps? rpps = Contracts.Identifiers.Rpps.TryParse((string?)request["rpps"], out var number, out _) ? number : null;
        Guid? insurer = Guid.TryParse((string?)request["insurer_id"], out var id) ? id : null;
        if (!Roles.All.Contains(role) || role == Roles.Service || string.IsNullOrWhiteSpace(subject) || hours is not (> 0 and <= 24))
        {
            return Refuse(Errors.InvalidRequest, "role (a person's or partner), subject, hours (at most 24), and rpps or insurer_id where the role needs one.");
        }

        var principal = new Bearer(subject, role, Guid.CreateVersion7().ToString(), rpps, insurer).Principal([], Audiences.Of(role));
        principal.SetAccessTokenLifetime(TimeSpan.FromHours(hours));
        return Results.SignIn(principal, authenticationScheme: Scheme);
    }

    private static string? Text(IReadOnlyDictionary<string, JsonElement> properties, string name) => properties.TryGetValue(name, out var value)
        ? value.GetString() : null;

    private static IResult Refuse(string error, string why) => Results.Forbid(
        new AuthenticationProperties(new Dictionary<string, string?>
        {
            [OpenIddictServerAspNetCoreConstants.Properties.Error] = error,
            [OpenIddictServerAspNetCoreConstants.Properties.ErrorDescription] = why,
        }), [Scheme]);
}

/// <summary>
/// The grant of <c>./run token</c>, the sample case and tests: a token of any role for fictitious people. It exists only where <c>TryOut:Secret</c> is set,
/// which AppHost does for local runs and no deployment must.
/// </summary>
internal static class TryOut
{
    public const string GrantType = "urn:secondopinion:grant:try-out";
    public const string ClientId = "try-out";
}
