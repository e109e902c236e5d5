using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Billing.Rosters.Engine;
using SecondOpinion.Billing.Rosters.Spool;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Billing.Rosters.Doors;

/// <summary>
/// Takes or refuses a roster that waits because it is much smaller than the one that answers. The decision is for the counts that were shown, and for no
/// others.
/// </summary>
internal static class DecideRoster
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/rosters/{importId:guid}/approve", Approve).AllowRoles(Roles.Ops)
            .Refuses(Problems.RosterNotWaiting)
            .WithName("ApproveRoster").WithSummary("Takes a roster that waits for approval")
            .WithDescription(
                "For state `awaiting_approval`: `membersBefore` and `membersAfter` of its status are what is approved. Should the roster in force have "
                    + "changed meanwhile, it waits again. Asking twice does no harm.");
        api.MapPost("/rosters/{importId:guid}/refuse", Refuse).AllowRoles(Roles.Ops)
            .WithName("RefuseRoster").WithSummary("Refuses a roster that waits for approval")
            .WithDescription("For state `awaiting_approval`; the roster in force stays. Asking twice does no harm.");
    }

    /// <param name="importId">The import that waits.</param>
    private static async Task<Results<Accepted<ShowRosterImport.RosterStatus>, Problem>> Approve(
        Guid importId, ClaimsPrincipal user, NpgsqlDataSource dataSource, RosterSpool spool, ImportWorker worker, TimeProvider time)
    {
        await using var db = await dataSource.OpenConnectionAsync();
        if (await RosterImport.Find(db, importId) is null)
        {
            return CommonProblems.Absent();
        }

        var now = time.GetUtcNow();
        if (spool.Exists(importId))
        {
            await db.ExecuteAsync(
                """
                update roster_import
                set state = 'queued', refusal_code = null, approved = true, decided_by = @By, decided_at = @now, queued_at = @now, updated_at = @now
                where id = @importId and state = 'awaiting_approval'
                """, new { importId, By = user.Subject(), now });
        }

        var import = (await RosterImport.Find(db, importId))!;
        if (import.Approved != true)
        {
            return Problems.NothingToDecide();
        }

        worker.Wake();
        return TypedResults.Accepted($"/api/v1/rosters/{importId}", ShowRosterImport.RosterStatus.Of(import, now));
    }

    /// <param name="importId">The import that waits.</param>
    private static async Task<Results<Ok<ShowRosterImport.RosterStatus>, Problem>> Refuse(
        Guid importId, ClaimsPrincipal user, NpgsqlDataSource dataSource, RosterSpool spool, TimeProvider time)
    {
        await using var db = await dataSource.OpenConnectionAsync();
        if (await RosterImport.Find(db, importId) is null)
        {
            return CommonProblems.Absent();
        }

        var now = time.GetUtcNow();
        await db.ExecuteAsync(
            """
            update roster_import
            set state = 'refused', refusal_code = @DropRefused, approved = false, decided_by = @By, decided_at = @now, finished_at = @now, updated_at = @now
            where id = @importId and state = 'awaiting_approval'
            """, new { importId, RosterRefusals.DropRefused, By = user.Subject(), now });
        var import = (await RosterImport.Find(db, importId))!;
        if (import.Approved != false)
        {
            return Problems.NothingToDecide();
        }

        spool.Delete(importId);
        return TypedResults.Ok(ShowRosterImport.RosterStatus.Of(import, now));
    }
}
