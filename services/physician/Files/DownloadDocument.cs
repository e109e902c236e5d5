using System.Security.Claims;
using Grpc.Core;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;
using Npgsql;
using SecondOpinion.Contracts.Intake.V1;
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
        .AllowRoles(Access.Physician)
        .Refuses(Problems.FileNotReady, Problems.NotNow)
        .WithName("DownloadCaseDocument")
        .WithSummary("One document of an assigned case")
        .WithDescription(
            "Always an attachment. The length is announced, so a download that breaks off shows as such. Put on record once, by intake, as the download of "
                + "this document.")
        .GivesFile("application/octet-stream");

    /// <param name="caseId">A case that is assigned to the caller.</param>
    /// <param name="documentId">A document of its file.</param>
    /// <returns>The document's bytes.</returns>
    private static async Task<Results<PushStreamHttpResult, Problem>> Handle(
        Guid caseId, Guid documentId, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, IntakeDossiers intake, CancellationToken cancel)
    {
        if (!await ReadDossier.IsOwn(dataSource, caseId, user, cancel))
        {
            return CommonProblems.Absent();
        }

        var call = intake.Download(caseId, documentId.ToString(), http);
        http.Response.RegisterForDispose(call);
        // The first chunk is awaited before anything is answered, so that a refusal can still be a problem; it says what is sent.
        try
        {
            if (!await call.ResponseStream.MoveNext(cancel) || call.ResponseStream.Current.Document is not { } document)
            {
                throw new InvalidOperationException("Intake sent a document without its description.");
            }

            SetHeaders(http.Response, document);
            var type = !document.ActiveContent && KnownTypes.Contains(document.MediaType) ? document.MediaType : "application/octet-stream";
            return TypedResults.Stream(body => Copy(call.ResponseStream, true, body, cancel), type);
        }
        catch (RpcException refused)
        {
            return refused.StatusCode == StatusCode.NotFound ? CommonProblems.Absent() : IntakeDossiers.Translated(refused);
        }
    }

    private static void SetHeaders(HttpResponse response, DocumentSummary document)
    {
        var disposition = new ContentDispositionHeaderValue("attachment");
        disposition.SetHttpFileName(document.FileName);
        response.Headers.ContentDisposition = disposition.ToString();
        response.Headers.XContentTypeOptions = "nosniff";
        // Never shown by the browser in place: whatever it holds, it is only saved.
        response.Headers.ContentSecurityPolicy = "sandbox";
        response.Headers.CacheControl = "no-store";
        response.ContentLength = document.SizeBytes;
    }

    private static async Task Copy(IAsyncStreamReader<DocumentChunk> chunks, bool any, Stream body, CancellationToken cancel)
    {
        try
        {
            for (; any; any = await chunks.MoveNext(cancel))
            {
                await body.WriteAsync(chunks.Current.Data.Memory, cancel);
            }
        }
        catch (RpcException left) when (cancel.IsCancellationRequested)
        {
            throw new OperationCanceledException("The reader left.", left, cancel);
        }
    }
}
