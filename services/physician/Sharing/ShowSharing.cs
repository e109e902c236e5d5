using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Physician.Files;
using SecondOpinion.Physician.Worklist;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Physician.Sharing;

/// <summary>Shows the référent whether the opinion reached the treating physician. Who that is stays in intake.</summary>
internal static class ShowSharing
{
    /// <summary>The versions of an opinion on their way to the treating physician.</summary>
    /// <param name="CaseId">The case.</param>
    /// <param name="Versions">Oldest first; empty while none is signed, or when no mail is sent from here.</param>
    internal sealed record OpinionSharing(Guid CaseId, IReadOnlyList<ShareView> Versions);

    public static void Map(RouteGroupBuilder api) => api.MapGet("/worklist/cases/{caseId:guid}/opinion/sharing", Handle)
        .AllowRoles(Roles.Physician)
        .Refuses(Problems.FileNotReady, Problems.NotNow)
        .WithName("ShowOwnSharing")
        .WithSummary("Did the opinion reach the treating physician?")
        .WithDescription("Where each signed version stands on its way by MSSanté, and what the recipient's software answered. The recipient is not named.");

    /// <param name="caseId">A case that is assigned to the caller.</param>
    private static async Task<Results<Ok<OpinionSharing>, Problem>> Handle(
        Guid caseId, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, IntakeDossiers intake, CancellationToken cancel)
    {
        if (await ReadDossier.IsOwn(dataSource, caseId, user, cancel) && await intake.AccessRefusal(caseId, http) is { } closed)
        {
            return closed;
        }

        return await dataSource.InTransaction<Results<Ok<OpinionSharing>, Problem>>(async db =>
        {
            if (await WorklistItem.OwnCase(db, caseId, user.PhysicianId()) is null)
            {
                return CommonProblems.Absent();
            }

            await AuditTrail.Record(db, user, "read", "sharing", caseId, "second_opinion");
            http.Response.Headers.CacheControl = "no-store";
            return TypedResults.Ok(new OpinionSharing(caseId, await ShareView.OfCase(db, caseId)));
        }, cancel);
    }
}
