using Dapper;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using SecondOpinion.Identity.Revoking;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Identity.People;

/// <summary>
/// Logout by the person (OpenID Connect's end-session endpoint), and the closing of an account by an operator. Both reach every service within ten seconds.
/// </summary>
internal static class EndAccess
{
    public const string LogoutPath = "/connect/logout";

    public static void Map(WebApplication app)
    {
        app.MapMethods(LogoutPath, ["GET", "POST"], Logout).AllowAnonymous().ExcludeFromDescription();
        app.MapDelete("/accounts/{login}", Close).AllowRoles(Roles.Ops).ExcludeFromDescription();
    }

    private static async Task<IResult> Logout(HttpContext http, NpgsqlDataSource dataSource, TimeProvider time, CancellationToken cancel)
    {
        // The session of this browser, and that of the token which the portal shows (id_token_hint).
        var hinted = (await http.AuthenticateAsync(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme)).Principal?.GetClaim("sid");
        foreach (var session in new[] { await Sessions.Of(dataSource, http, time.GetUtcNow(), cancel), hinted }.OfType<string>().Distinct())
        {
            await Sessions.End(dataSource, session, time.GetUtcNow(), cancel);
        }

        http.Response.Cookies.Delete(Sessions.Cookie);
        return Results.SignOut(new AuthenticationProperties { RedirectUri = SignIn.Path }, [OpenIddictServerAspNetCoreDefaults.AuthenticationScheme]);
    }

    private static Task<Results<NoContent, Problem>> Close(string login, NpgsqlDataSource dataSource, TimeProvider time, CancellationToken cancel) =>
        dataSource.InTransaction<Results<NoContent, Problem>>(async db =>
        {
            var now = time.GetUtcNow();
            var id = await db.QuerySingleOrDefaultAsync<Guid?>(
                "update account set disabled_at = @now where login = @login and disabled_at is null returning id", new { login, now });
            if (id is null)
            {
                return CommonProblems.Absent();
            }

            foreach (var session in await db.QueryAsync<Guid>(
                "update session set ended_at = @now where account_id = @id and ended_at is null returning id", new { id, now }))
            {
                await Revocations.Add(db, "session", session.ToString(), now);
            }

            return TypedResults.NoContent();
        }, cancel);
}
