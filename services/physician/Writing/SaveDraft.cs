using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.Physician.Files;
using SecondOpinion.Physician.Worklist;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Encryption;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Physician.Writing;

/// <summary>Saves what the physician has written so far; after a delivery, the same route begins the correction.</summary>
internal static class SaveDraft
{
    private static readonly TimeSpan ToldAgainAfter = TimeSpan.FromHours(1);

    /// <summary>A draft that was saved.</summary>
    /// <param name="CaseId">The case.</param>
    /// <param name="DraftVersion">For the next If-Match.</param>
    /// <param name="SavedAt">When.</param>
    /// <param name="LaySummary">How easy the simplified version is to read; null while there is none.</param>
    internal sealed record DraftSaved(Guid CaseId, int DraftVersion, DateTimeOffset SavedAt, Readability? LaySummary);

    public static void Map(RouteGroupBuilder api) => api.MapPut("/worklist/cases/{caseId:guid}/opinion", Handle)
        .AllowRoles(Roles.Physician)
        .RequiresIfMatch()
        .Refuses(Problems.FileNotReady, Problems.NotNow)
        .WithName("SaveDraft")
        .WithSummary("Save the draft of the opinion")
        .WithDescription(
            "Needs `If-Match` with the ETag of the last read or save; `\"v0\"` before the first save. The whole draft is replaced. Encrypted at rest.");

    /// <param name="caseId">A case that is assigned to the caller.</param>
    private static async Task<Results<Ok<DraftSaved>, Problem>> Handle(
        Guid caseId, OpinionContent request, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, Keyring keyring, IntakeDossiers intake,
            TimeProvider time, CancellationToken cancel)
    {
        if (request.CheckDraft() is [_, ..] errors)
        {
            return CommonProblems.Invalid([.. errors]);
        }

        if (await ReadDossier.IsOwn(dataSource, caseId, user, cancel) && await intake.AccessRefusal(caseId, http) is { } closed)
        {
            return closed;
        }

        return await dataSource.InTransaction<Results<Ok<DraftSaved>, Problem>>(async db =>
        {
            if (await WorklistItem.OwnCase(db, caseId, user.PhysicianId()) is null)
            {
                return CommonProblems.Absent();
            }

            var current = await Draft.Read(db, keyring, caseId, user.PhysicianId());
            if (Etags.Mismatch(http.Request, current.Version) is { } mismatch)
            {
                return mismatch;
            }

            var now = time.GetUtcNow();
            if (await Draft.Save(db, keyring, caseId, user.PhysicianId(), current.Version, request, now) is not { } version)
            {
                return Problems.SavedMeanwhile();
            }

            await AuditTrail.Record(db, user, "write", "opinion_draft", caseId, "second_opinion");
            await TellProgress(db, caseId, user.PhysicianId(), now);
            http.Response.Headers.ETag = Etags.Of(version);
            return TypedResults.Ok(new DraftSaved(caseId, version, now, Readability.Of(request.LaySummary)));
        }, cancel);
    }

    /// <summary>A sign of work, so that nobody is reminded of a case that they are writing; once an hour is enough.</summary>
    private static async Task TellProgress(NpgsqlConnection db, Guid caseId, Guid physicianId, DateTimeOffset now)
    {
        var told = await db.ExecuteAsync(
            """
            update worklist_item
            set progress_told_at = @now
            where case_id = @caseId and physician_id = @physicianId and state = 'assigned' and (progress_told_at is null or progress_told_at <= @Before)
            """,
            new { caseId, physicianId, now, Before = now - ToldAgainAfter });
        if (told > 0)
        {
            await Outbox.Publish(db, caseId, new OpinionProgressed { CaseId = caseId, PhysicianId = physicianId, ProgressedAt = now });
        }
    }
}
