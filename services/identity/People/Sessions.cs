using System.Security.Cryptography;
using System.Text;
using Dapper;
using Npgsql;
using SecondOpinion.Identity.Revoking;
using SecondOpinion.Identity.Tokens;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Identity.People;

/// <summary>A person's session at this issuer: a random cookie of which only the hash is kept. Every token of it carries its id as <c>sid</c>.</summary>
internal static class Sessions
{
    public const string Cookie = "secondopinion-session";

    /// <returns>The session's id; null when nobody is signed in here.</returns>
    public static async Task<string?> Of(NpgsqlDataSource dataSource, HttpContext http, DateTimeOffset now, CancellationToken cancel)
    {
        if (http.Request.Cookies[Cookie] is not { Length: > 0 and < 100 } cookie)
        {
            return null;
        }

        await using var db = await dataSource.OpenConnectionAsync(cancel);
        return (await db.QuerySingleOrDefaultAsync<Guid?>(
            "select id from session where cookie_sha256 = @Hash and ended_at is null and ends_at > @now", new { Hash = Hash(cookie), now }))?.ToString();
    }

    /// <returns>Who gets the tokens of a session; null once it has ended or its account is disabled.</returns>
    public static async Task<Bearer?> Bearer(NpgsqlDataSource dataSource, string? session, DateTimeOffset now, CancellationToken cancel)
    {
        if (!Guid.TryParse(session, out var id))
        {
            return null;
        }

        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var row = await db.QuerySingleOrDefaultAsync<(Guid Id, string Role, string? Rpps, Guid? InsurerId)?>(
            """
            select a.id, a.role, a.rpps, a.insurer_id
            from session s
            join account a on a.id = s.account_id
            where s.id = @id and s.ended_at is null and s.ends_at > @now and a.disabled_at is null
            """,
            new { id, now });
        return row is { } person ? Tokens.Bearer.Person(person.Id, person.Role, id.ToString(), person.Rpps, person.InsurerId) : null;
    }

    public static async Task Start(NpgsqlDataSource dataSource, HttpContext http, Guid accountId, DateTimeOffset now, TimeSpan life, CancellationToken cancel)
    {
        var cookie = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        await db.ExecuteAsync(
            "insert into session (id, account_id, cookie_sha256, started_at, ends_at) values (@Id, @accountId, @Hash, @now, @Ends)",
            new { Id = Guid.CreateVersion7(), accountId, Hash = Hash(cookie), now, Ends = now + life });
        http.Response.Cookies.Append(
            Cookie, cookie, new CookieOptions { HttpOnly = true, Secure = http.Request.IsHttps, SameSite = SameSiteMode.Lax, Path = "/", IsEssential = true });
    }

    /// <summary>From now on no token is given to it, and services hear of it within ten seconds.</summary>
    public static Task End(NpgsqlDataSource dataSource, string session, DateTimeOffset now, CancellationToken cancel) => dataSource.InTransaction(async db =>
    {
        await db.ExecuteAsync("update session set ended_at = @now where id = @Id and ended_at is null", new { Id = Guid.Parse(session), now });
        await Revocations.Add(db, "session", session, now);
    }, cancel);

    private static byte[] Hash(string cookie) => SHA256.HashData(Encoding.UTF8.GetBytes(cookie));
}
