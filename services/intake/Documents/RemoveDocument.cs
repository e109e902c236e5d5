using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Intake.Cases;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Documents;

/// <summary>
/// Takes a wrong document out again while the case is still being written. A document never changes, so its ETag is always the first version's.
/// </summary>
internal static class RemoveDocument
{
    internal const long OnlyVersion = 1;

    public static void Map(RouteGroupBuilder api) => api.MapDelete("/cases/{id:guid}/documents/{documentId:guid}", Handle)
        .AllowRoles(Roles.Patient, Roles.Agent, Roles.Physician)
        .Refuses(Problems.WrongState)
        .RequiresIfMatch()
        .WithName("RemoveDocument")
        .WithSummary("Remove a document")
        .WithDescription("Only before the file is complete. Needs `If-Match: \"v1\"`.");

    /// <param name="id">The case.</param>
    /// <param name="documentId">The document.</param>
    private static async Task<Results<NoContent, Problem>> Handle(
        Guid id, Guid documentId, ClaimsPrincipal user, HttpRequest request, NpgsqlDataSource dataSource, DocumentStore store, CancellationToken cancel)
    {
        var result = await dataSource.InTransaction<Results<NoContent, Problem>>(async db =>
        {
            if (await CaseRows.OwnLocked(db, user, id) is not { } file
                || !await db.ExecuteScalarAsync<bool>("select exists (select from document where id = @documentId and case_id = @id)", new { id, documentId }))
            {
                return CommonProblems.Absent();
            }

            if (!CaseLife.IsBeingWritten(file.State.Value))
            {
                return Problems.CaseIs(file.State.Value);
            }

            if (Etags.Mismatch(request, OnlyVersion) is { } mismatch)
            {
                return mismatch;
            }

            await AuditTrail.Record(db, user, "remove", "document", documentId, Purpose.Of(user));
            await db.ExecuteAsync(
                "delete from document where id = @documentId; update case_file set version = version + 1 where id = @id", new { id, documentId });
            return TypedResults.NoContent();
        }, cancel);
        if (result.Result is NoContent)
        {
            // After the commit: a file without a row is swept, a row without a file would be a loss.
            store.SetAside(documentId);
        }

        return result;
    }
}
