using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;
using Npgsql;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Documents.Recognition;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Documents;

/// <summary>The patient takes back a document that was given.</summary>
internal static class DownloadDocument
{
    /// <summary>What is needed to read a document's bytes.</summary>
    /// <param name="Size">Of what is shown.</param>
    internal sealed record Readable(Guid Id, string TypeCode, string Name, string MediaType, bool ActiveContent, long Size, string Sha256, Shown? Shown,
        byte[] Key, DocumentPart Part)
    {
        /// <summary>What a browser is told: of a file that does things, nothing that it might open.</summary>
        public string ServedType => ActiveContent ? "application/octet-stream" : MediaType;

        public Stream Open(DocumentStore store) => Shown is null ? store.Open(Id, Key, Part) : Shown.Of(store.Open(Id, Key, Part));
    }

    public static void Map(RouteGroupBuilder api) => api.MapGet("/cases/{id:guid}/documents/{documentId:guid}", Handle)
        .AllowRoles(Roles.Patient, Roles.Agent, Roles.Physician)
        .GivesFileInParts("application/octet-stream")
        .WithName("DownloadDocument")
        .WithSummary("Download a document")
        .WithDescription(
            "As it was uploaded, photographs without what the camera wrote into them, HEIC and TIFF as JPEG or PDF, a CD as a ZIP "
                + "of its images; always an attachment. `Range` and `If-Range` are honoured; the ETag is "
                + "the one that removal asks for.");

    /// <param name="id">The case.</param>
    /// <param name="documentId">The document.</param>
    /// <returns>The document's bytes, as they were uploaded.</returns>
    private static async Task<Results<FileStreamHttpResult, Problem>> Handle(
        Guid id, Guid documentId, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, DocumentStore store, Keyring keyring,
        CancellationToken cancel)
    {
        var found = await dataSource.InTransaction<(Readable Document, Stream Bytes)?>(async db =>
        {
            if (await CaseRows.OwnHeld(db, user, id) is null || await Find(db, keyring, id, documentId) is not { } readable)
            {
                return null;
            }

            await AuditTrail.Record(db, user, "download", "document", documentId, Purpose.Of(user));
            return (readable, readable.Open(store));
        }, cancel);
        if (found is not { } open)
        {
            return CommonProblems.Absent();
        }

        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        // Never shown by the browser in place: whatever it holds, it is only saved.
        http.Response.Headers.ContentSecurityPolicy = "sandbox";
        return TypedResults.Stream(
            open.Bytes, open.Document.ServedType, open.Document.Name, entityTag: new EntityTagHeaderValue(Etags.Of(RemoveDocument.OnlyVersion)),
                enableRangeProcessing: true);
    }

    internal static async Task<Readable?> Find(NpgsqlConnection db, Keyring keyring, Guid caseId, Guid documentId)
    {
        var row = await db.QuerySingleOrDefaultAsync<Row>(
            """
            select type_code, coalesce(rendition_type, media_type) as media_type, active_content,
              coalesce(rendition_size, shown_size, size_bytes) as size_bytes, coalesce(rendition_sha256, shown_sha256, sha256) as sha256,
              shown_ranges, shown_orientation, sealed_name, sealed_key, sealed_rendition_key
            from document
            where id = @documentId and case_id = @caseId
            """, new { caseId, documentId });
        if (row is null)
        {
            return null;
        }

        using var key = await CaseKey.Of(db, keyring, caseId);
        var name = key.Open<string>(DocumentColumns.Name.Of(documentId), row.SealedName);
        var shown = row.ShownRanges is { } ranges ? new Shown(ranges, row.ShownOrientation) : null;
        return row.SealedRenditionKey is { } rendition
            ? new Readable(
                documentId, row.TypeCode, Named(name, row.MediaType), row.MediaType, row.ActiveContent, row.SizeBytes, row.Sha256, null,
                key.OpenBytes(DocumentColumns.RenditionKey.Of(documentId), rendition), DocumentPart.Shown)
            : new Readable(
                documentId, row.TypeCode, name, row.MediaType, row.ActiveContent, row.SizeBytes, row.Sha256, shown,
                key.OpenBytes(DocumentColumns.Key.Of(documentId), row.SealedKey), DocumentPart.Whole);
    }

    /// <summary>What is shown is of another kind than what came: its name ends as its kind does.</summary>
    private static string Named(string name, string mediaType)
    {
        var ending = mediaType switch { FileKind.Pdf => ".pdf", FileKind.Disc => ".zip", _ => ".jpg" };
        return name.EndsWith(ending, StringComparison.OrdinalIgnoreCase) ? name : name + ending;
    }

    /// <remarks>Not positional: Npgsql announces array columns as plain arrays, which no constructor of ours would fit.</remarks>
    private sealed record Row
    {
        public string TypeCode { get; init; } = "";

        public string MediaType { get; init; } = "";

        public bool ActiveContent { get; init; }

        public long SizeBytes { get; init; }

        public string Sha256 { get; init; } = "";

        public long[]? ShownRanges { get; init; }

        public short ShownOrientation { get; init; }

        public byte[] SealedName { get; init; } = [];

        public byte[] SealedKey { get; init; } = [];

        public byte[]? SealedRenditionKey { get; init; }
    }
}
