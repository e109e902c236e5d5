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

/// <summary>A small picture of a document that is one.</summary>
internal static class ShowPreview
{
    public static void Map(RouteGroupBuilder api) => api.MapGet("/cases/{id:guid}/documents/{documentId:guid}/preview", Handle)
        .AllowRoles(Roles.Patient, Roles.Agent, Roles.Physician)
        .GivesBytes("image/jpeg")
        .WithName("ShowPreview")
        .WithSummary("A small picture of a document")
        .WithDescription("Of photographs, scans and faxes (`hasPreview`): a JPEG of at most 1024 points a side, without what the camera wrote.");

    /// <param name="id">The case.</param>
    /// <param name="documentId">The document.</param>
    /// <returns>The preview, a JPEG.</returns>
    private static async Task<Results<FileStreamHttpResult, Problem>> Handle(
        Guid id, Guid documentId, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, DocumentStore store, Keyring keyring,
        CancellationToken cancel)
    {
        var preview = await dataSource.InTransaction<Stream?>(async db =>
        {
            if (await CaseRows.OwnHeld(db, user, id) is null
                || await db.ExecuteScalarAsync<byte[]?>(
                    "select sealed_preview_key from document where id = @documentId and case_id = @id", new { id, documentId }) is not { } sealedKey)
            {
                return null;
            }

            await AuditTrail.Record(db, user, "read", "document", documentId, Purpose.Of(user));
            using var key = await CaseKey.Of(db, keyring, id);
            return store.Open(documentId, key.OpenBytes(DocumentColumns.PreviewKey.Of(documentId), sealedKey), DocumentPart.Preview);
        }, cancel);
        if (preview is null)
        {
            return CommonProblems.Absent();
        }

        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        http.Response.Headers.ContentSecurityPolicy = "sandbox";
        return TypedResults.Stream(preview, "image/jpeg");
    }
}
