using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using OpenIddict.Abstractions;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Background;

namespace SecondOpinion.Identity.Revoking;

/// <summary>
/// <c>GET /revocations</c>, for services, every ten seconds: what was ended while tokens of it may still be valid. The discovery document says where it is.
/// </summary>
internal static class Revocations
{
    public const string Path = "/revocations";

    public static void Map(WebApplication app) => app.MapGet(Path, List).AllowRoles(Roles.Service).ExcludeFromDescription();

    /// <param name="kind"><c>session</c>, <c>client</c> or <c>subject</c>.</param>
    /// <param name="before">Tokens issued later are good.</param>
    public static async Task Add(NpgsqlDataSource dataSource, string kind, string id, DateTimeOffset before, CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        await Add(db, kind, id, before);
    }

    public static Task Add(NpgsqlConnection db, string kind, string id, DateTimeOffset before) => db.ExecuteAsync(
        """
        insert into revocation (kind, id, before) values (@kind, @id, @before)
        on conflict (kind, id) do update set before = greatest(revocation.before, excluded.before)
        """,
        new { kind, id, before });

    private static async Task<Ok<RevocationList>> List(NpgsqlDataSource dataSource, CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var rows = await db.QueryAsync<(string Kind, string Id, DateTime Before)>("select kind, id, before from revocation");
        return TypedResults.Ok(new RevocationList([.. rows.Select(r => new Revocation(r.Kind, r.Id, new DateTimeOffset(r.Before, TimeSpan.Zero)))]));
    }
}

/// <summary>Every hour: revocations, sessions, tokens and authorizations of which no valid token is left.</summary>
internal sealed class Prune(IServiceScopeFactory scopes, NpgsqlDataSource dataSource, TimeProvider time, BackgroundJobs jobs) : BackgroundJob(jobs)
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        var threshold = time.GetUtcNow() - IssuerSettings.KeepAfter;
        await using (var db = await dataSource.OpenConnectionAsync(cancel))
        {
            await db.ExecuteAsync("delete from revocation where before < @threshold; delete from session where ends_at < @threshold", new { threshold });
        }

        await using var scope = scopes.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<IOpenIddictTokenManager>().PruneAsync(threshold, cancel);
        await scope.ServiceProvider.GetRequiredService<IOpenIddictAuthorizationManager>().PruneAsync(threshold, cancel);
        return Next.After(Interval);
    }
}
