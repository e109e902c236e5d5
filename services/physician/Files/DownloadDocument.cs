using System.Security.Claims;
using Grpc.Core;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Physician.Files;

/// <summary>Hands one document of an assigned case through from intake, chunk by chunk: it is never held whole here.</summary>
internal static class DownloadDocument
{
    /// <summary>What intake recognises; anything else would be sent as plain bytes.</summary>
    private static readonly string[] KnownTypes = ["application/pdf", "application/dicom", "image/jpeg", "image/png"];

    public static void Map(RouteGroupBuilder api) => api.MapGet("/worklist/cases/{caseId:guid}/documents/{documentId:guid}", Handle)
        .AllowRoles(Roles.Physician)
        .Refuses(Problems.FileNotReady, Problems.NotNow)
        .WithName("DownloadCaseDocument")
        .WithSummary("One document of an assigned case")
        .WithDescription(
            "Always an attachment. `Range` and `If-Range` are honoured; the ETag is the SHA-256 of what is sent. Put on record once, by intake, as the "
                + "download of this document.")
        .GivesFileInParts("application/octet-stream");

    /// <param name="caseId">A case that is assigned to the caller.</param>
    /// <param name="documentId">A document of its file.</param>
    /// <returns>The document's bytes.</returns>
    private static async Task<Results<FileStreamHttpResult, Problem>> Handle(
        Guid caseId, Guid documentId, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, IntakeDossiers intake, CancellationToken cancel)
    {
        if (!await ReadDossier.IsOwn(dataSource, caseId, user, cancel))
        {
            return CommonProblems.Absent();
        }

        var bytes = new DocumentStream(from => intake.Download(caseId, documentId, from, http));
        http.Response.RegisterForDispose(bytes);
        try
        {
            // Awaited before anything is answered, so that a refusal can still be a problem.
            await bytes.Begin(FirstByte(http.Request), cancel);
        }
        catch (RpcException refused)
        {
            return refused.StatusCode == StatusCode.NotFound ? CommonProblems.Absent() : IntakeDossiers.Translated(refused);
        }

        http.Response.Headers.XContentTypeOptions = "nosniff";
        // Never shown by the browser in place: whatever it holds, it is only saved.
        http.Response.Headers.ContentSecurityPolicy = "sandbox";
        http.Response.Headers.CacheControl = "no-store";
        var document = bytes.Document;
        return TypedResults.Stream(
            bytes, !document.ActiveContent && KnownTypes.Contains(document.MediaType) ? document.MediaType : "application/octet-stream", document.FileName,
            entityTag: new EntityTagHeaderValue($"\"{document.Sha256}\""), enableRangeProcessing: true);
    }

    /// <summary>Where reading will begin when the range is honoured: asked for at once, so that each part is one call, and one record.</summary>
    private static long FirstByte(HttpRequest request) =>
        request.GetTypedHeaders().Range is { Unit.Value: "bytes", Ranges: { Count: 1 } ranges } ? ranges.First().From ?? -(ranges.First().To ?? 0) : 0;
}
