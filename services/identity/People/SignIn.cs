using System.Net;
using Dapper;
using Npgsql;
using SecondOpinion.Identity.Tokens;
using SecondOpinion.ServiceDefaults.Access;

namespace SecondOpinion.Identity.People;

/// <summary>
/// The page on which people of the sample sign in. Ten wrong passwords close an account for a quarter of an hour; the answer is the same for whatever was
/// wrong.
/// </summary>
internal static class SignIn
{
    public const string Path = "/connexion";
    private const int MostFailures = 10;
    private static readonly TimeSpan Locked = TimeSpan.FromMinutes(15);

    public static void Map(WebApplication app)
    {
        app.MapGet(Path, (HttpContext http) => Page(http, null)).AllowAnonymous().ExcludeFromDescription();
        app.MapPost(Path, Handle).AllowAnonymous().ExcludeFromDescription();
    }

    private static async Task<IResult> Handle(
        HttpContext http, NpgsqlDataSource dataSource, IdentityOptions identity, IssuerSettings settings, TimeProvider time, CancellationToken cancel)
    {
        // Another site must not sign somebody in here, as whoever it likes.
        if (http.Request.Headers.Origin.ToString() is { Length: > 0 } origin && origin != identity.Authority!.GetLeftPart(UriPartial.Authority))
        {
            return Page(http, "Cette page ne peut être utilisée depuis un autre site.", StatusCodes.Status403Forbidden);
        }

        var form = await http.Request.ReadFormAsync(cancel);
        var login = form["login"].ToString().Trim().ToLowerInvariant();
        var password = form["password"].ToString();
        var now = time.GetUtcNow();
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var account = await db.QuerySingleOrDefaultAsync<(Guid Id, string Password)?>(
            "select id, password from account where login = @login and disabled_at is null and (locked_until is null or locked_until <= @now)",
                new { login, now });
        var fits = password.Length <= 200 && Passwords.Fits(password, account?.Password ?? Passwords.Nobody);
        if (account is not { } known || !fits)
        {
            await db.ExecuteAsync(
                """
                update account
                set failures = case when failures + 1 >= @MostFailures then 0 else failures + 1 end,
                    locked_until = case when failures + 1 >= @MostFailures then @Until else locked_until end
                where login = @login and (locked_until is null or locked_until <= @now)
                """,
                new { login, now, MostFailures, Until = now + Locked });
            return Page(http, "L'identifiant ou le mot de passe ne convient pas. Après dix essais, attendez un quart d'heure.",
                StatusCodes.Status400BadRequest);
        }

        await db.ExecuteAsync("update account set failures = 0, locked_until = null where id = @Id", new { known.Id });
        await Sessions.Start(dataSource, http, known.Id, now, settings.Session, cancel);
        return Return(http) is { } back ? Results.Redirect(back) : Page(http, "Vous êtes connecté(e). Vous pouvez fermer cette page.");
    }

    /// <summary>Only back to where the sign-in was asked for: never to another site.</summary>
    private static string? Return(HttpContext http) =>
        http.Request.Query["retour"].ToString() is { } back && back.StartsWith(Authorize.Path + "?", StringComparison.Ordinal) ? back : null;

    private static IResult Page(HttpContext http, string? message, int status = StatusCodes.Status200OK)
    {
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        http.Response.Headers["Referrer-Policy"] = "no-referrer";
        var action = Return(http) is { } back ? $"{Path}?retour={Uri.EscapeDataString(back)}" : Path;
        return Results.Content(
            $$"""
            <!doctype html>
            <html lang="fr">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Connexion – Deuxième avis médical</title>
            <style>
            body { font: 1.125rem/1.5 system-ui, sans-serif; max-width: 28rem; margin: 3rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff }
            label { display: block; margin-top: 1rem }
            input { font: inherit; width: 100%; box-sizing: border-box; padding: .5rem; border: 1px solid #555; border-radius: .25rem }
            button { font: inherit; margin-top: 1.5rem; padding: .6rem 1.2rem; border: 0; border-radius: .25rem; color: #fff; background: #00478f }
            :focus-visible { outline: 3px solid #b35900; outline-offset: 2px }
            p[role] { padding: .75rem; border-left: .25rem solid #00478f; background: #eef4fb }
            </style>
            </head>
            <body>
            <main>
            <h1>Connexion</h1>
            {{(message is null ? "" : $"<p role=\"status\">{WebUtility.HtmlEncode(message)}</p>")}}
            <form method="post" action="{{WebUtility.HtmlEncode(action)}}">
            <label for="login">Identifiant</label>
            <input id="login" name="login" autocomplete="username" autocapitalize="none" required>
            <label for="password">Mot de passe</label>
            <input id="password" name="password" type="password" autocomplete="current-password" required>
            <button type="submit">Se connecter</button>
            </form>
            </main>
            </body>
            </html>
            """, "text/html; charset=utf-8", statusCode: status);
    }
}
