using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Billing.Rosters.Engine;
using SecondOpinion.Billing.Rosters.Spool;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Billing.Rosters.Doors;

/// <summary>Tries an import again that failed on our side; the upload is still there.</summary>
internal static class RetryRoster
{
    public static void Map(RouteGroupBuilder api) => api.MapPost("/rosters/{importId:guid}/retry", Handle)
        .AllowRoles(Roles.Partner, Roles.Ops)
        .Refuses(Problems.RosterClosed)
        .WithName("RetryRoster")
        .WithSummary("Tries a failed import again")
        .WithDescription("Only for state `failed`; asking twice does no harm.");

    /// <param name="importId">The import that failed.</param>
    private static async Task<Results<Accepted<ShowRosterImport.RosterStatus>, Problem>> Handle(
        Guid importId, ClaimsPrincipal user, NpgsqlDataSource dataSource, RosterSpool spool, ImportWorker worker, TimeProvider time)
    {
        if (await ShowRosterImport.Visible(dataSource, importId, user) is null)
        {
            return CommonProblems.Absent();
        }

        await using var db = await dataSource.OpenConnectionAsync();
        if (spool.Exists(importId))
        {
            await db.ExecuteAsync(
                """
                update roster_import
                set state = 'queued', attempts = 0, refusal_code = null, finished_at = null, queued_at = @Now, updated_at = @Now
                where id = @importId and state = 'failed'
                """,
                new { importId, Now = time.GetUtcNow() });
        }

        worker.Wake();
        var import = (await RosterImport.Find(db, importId))!;
        return import.IsOver
            ? Problems.UploadGone()
            : TypedResults.Accepted($"/api/v1/rosters/{importId}", ShowRosterImport.RosterStatus.Of(import, time.GetUtcNow()));
    }
}
