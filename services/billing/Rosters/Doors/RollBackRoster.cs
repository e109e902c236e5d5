using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Billing.Identity;
using SecondOpinion.Billing.Insurers;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Idempotency;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Billing.Rosters.Doors;

/// <summary>Makes an earlier roster version answer again, and lists those that can.</summary>
internal static class RollBackRoster
{
    /// <summary>Which earlier version shall answer again.</summary>
    /// <param name="ToVersion">A kept version before the current one; the last before it when left out.</param>
    internal sealed record RollBackRequest(int? ToVersion = null);

    /// <summary>The roster versions of an insurer that are kept.</summary>
    /// <param name="InsurerId">The insurer.</param>
    /// <param name="CurrentVersion">The version that answers; null before the first import.</param>
    /// <param name="Kept">Highest version first.</param>
    internal sealed record RosterVersions(Guid InsurerId, int? CurrentVersion, IReadOnlyList<RosterVersion> Kept);

    /// <summary>One kept version of a roster.</summary>
    /// <param name="Version">Counts the insurer's rosters from 1.</param>
    /// <param name="Members">People in it.</param>
    /// <param name="KeyId">The hashing key of its rows: a key that no version names any more can be taken away.</param>
    /// <param name="ImportedAt">When it was imported.</param>
    internal sealed record RosterVersion(int Version, long Members, string KeyId, DateTimeOffset ImportedAt);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/insurers/{insurerId:guid}/rosters", List).AllowRoles(Roles.Partner, Roles.Ops)
            .WithName("ListRosterVersions").WithSummary("The roster versions that are kept").WithDescription("The newest first; a partner reads its own.");
        api.MapPost("/insurers/{insurerId:guid}/rosters/rollback", Handle).AllowRoles(Roles.Ops)
            .Refuses(Problems.NoEarlierRoster)
            .WithName("RollBackRoster").WithSummary("Makes an earlier roster version answer again")
            .WithDescription("At once and whole, as an import does. The next import counts on from the highest version.");
    }

    /// <param name="insurerId">The insurer.</param>
    private static async Task<Results<Ok<RosterVersions>, Problem>> List(Guid insurerId, ClaimsPrincipal user, NpgsqlDataSource dataSource)
    {
        if (!user.MayReadInsurer(insurerId))
        {
            return CommonProblems.Absent();
        }

        await using var db = await dataSource.OpenConnectionAsync();
        return await Read(db, insurerId) is { } versions ? TypedResults.Ok(versions) : CommonProblems.Absent();
    }

    /// <param name="insurerId">The insurer.</param>
    private static async Task<Results<Once<Ok<RosterVersions>>, Problem>> Handle(
        Guid insurerId, RollBackRequest request, HttpContext http, NpgsqlDataSource dataSource, InsurerDirectory insurers, IdentityKeys keys, TimeProvider time)
    {
        var result = await Idempotent.Run<RollBackRequest, Ok<RosterVersions>>(dataSource, http, request, async db =>
        {
            // The row lock orders it with an import's switch.
            var current = await db.ExecuteScalarAsync<int?>("select version from roster where insurer_id = @insurerId for update", new { insurerId });
            var to = current is null ? null : await db.ExecuteScalarAsync<int?>(
                """
                select max(version)
                from roster_version
                where insurer_id = @insurerId and dropped_at is null and version < @current and (@ToVersion::int is null or version = @ToVersion)
                  and key_id = any(@KnownKeys)
                """,
                new { insurerId, current, request.ToVersion, KnownKeys = keys.Ids.ToArray() });
            if (to is null)
            {
                return Problems.NoSuchVersion();
            }

            await db.ExecuteAsync(
                "update roster set version = @to, switched_at = @Now where insurer_id = @insurerId", new { insurerId, to, Now = time.GetUtcNow() });
            await InsurerDirectory.Changed(db);
            return TypedResults.Ok((await Read(db, insurerId))!);
        });
        await insurers.Refresh();
        return result;
    }

    private static async Task<RosterVersions?> Read(NpgsqlConnection db, Guid insurerId)
    {
        if (await db.ExecuteScalarAsync<Guid?>("select id from insurer where id = @insurerId", new { insurerId }) is null)
        {
            return null;
        }

        var kept = await db.QueryAsync<RosterVersion>(
            "select version, members, key_id, imported_at from roster_version where insurer_id = @insurerId and dropped_at is null order by version desc",
            new { insurerId });
        var current = await db.ExecuteScalarAsync<int?>("select version from roster where insurer_id = @insurerId", new { insurerId });
        return new RosterVersions(insurerId, current, [.. kept]);
    }
}
