using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Npgsql;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using SecondOpinion.Identity.People;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace SecondOpinion.Identity.Tokens;

/// <summary>
/// <c>/connect/authorize</c>: gives a portal the code with which it gets the person's tokens, after the person has signed in. OpenIddict has checked the
/// portal.
/// </summary>
internal static class Authorize
{
    public const string Path = "/connect/authorize";

    public static void Map(WebApplication app) => app.MapMethods(Path, ["GET", "POST"], Handle).AllowAnonymous().ExcludeFromDescription();

    private static async Task<IResult> Handle(HttpContext http, NpgsqlDataSource dataSource, TimeProvider time, CancellationToken cancel)
    {
        var request = http.GetOpenIddictServerRequest() ?? throw new InvalidOperationException("OpenIddict has not read this request.");
        var session = await Sessions.Of(dataSource, http, time.GetUtcNow(), cancel);
        if (await Sessions.Bearer(dataSource, session, time.GetUtcNow(), cancel) is { } person)
        {
            return Results.SignIn(
                person.Principal(request.GetScopes(), Audiences.Of(person.Role)),
                    authenticationScheme: OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
        }

        // The whole question goes along, to be asked again after the sign-in.
        var question = QueryString.Create(request.GetParameters().Select(p => KeyValuePair.Create(p.Key, (string?)p.Value)));
        return request.HasPromptValue(PromptValues.None)
            ? Results.Forbid(
                new AuthenticationProperties(new Dictionary<string, string?>
                {
                    [OpenIddictServerAspNetCoreConstants.Properties.Error] = Errors.LoginRequired,
                    [OpenIddictServerAspNetCoreConstants.Properties.ErrorDescription] = "Nobody is signed in.",
                }), [OpenIddictServerAspNetCoreDefaults.AuthenticationScheme])
            : Results.Redirect($"{SignIn.Path}?retour={Uri.EscapeDataString(Path + question)}");
    }
}
