using System.Security.Claims;
using Grpc.Core;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;
using Npgsql;
using SecondOpinion.Contracts.Physician.V1;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Resilience;

namespace SecondOpinion.Intake.Delivery;

/// <summary>The patient, or the physician who asked for a téléexpertise, downloads the opinion's PDF: some hundred kilobytes, whole or in parts.</summary>
internal static class DownloadOpinion
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    public static void Map(RouteGroupBuilder api) => api.MapGet("/cases/{id:guid}/opinion.pdf", Handle)
        .AllowRoles(Roles.Patient, Roles.Physician)
        .GivesFileInParts("application/pdf")
        .Refuses(Problems.NoOpinionYet)
        .WithName("DownloadOpinion")
        .WithSummary("Download the opinion as PDF")
        .WithDescription(
            "The bytes that were signed; their SHA-256 is in the opinion and is the ETag. `Range` and `If-Range` are honoured. For whom: as the opinion.");

    /// <param name="id">The case.</param>
    /// <returns>The PDF that was signed.</returns>
    private static async Task<Results<FileContentHttpResult, Problem>> Handle(
        Guid id, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, Opinions.OpinionsClient physician, CancellationToken cancel)
    {
        if (await GetOpinion.MayRead(dataSource, user, id, "download", cancel) is { } problem)
        {
            return problem;
        }

        if (!(await GetOpinion.Fetch(physician, id, cancel)).TryGet(out var opinion, out var refusal))
        {
            return refusal;
        }

        var pdf = new MemoryStream((int)opinion.SizeBytes);
        try
        {
            var request = new GetOpinionRequest { CaseId = id.ToString(), Version = opinion.Version };
            using var call = physician.Download(request, deadline: Deadline.In(Limit), cancellationToken: cancel);
            await foreach (var chunk in call.ResponseStream.ReadAllAsync(cancel))
            {
                await pdf.WriteAsync(chunk.Data.Memory, cancel);
            }
        }
        catch (RpcException exception) when (exception.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded)
        {
            return CommonProblems.Away();
        }

        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        return TypedResults.File(
            pdf.ToArray(), "application/pdf", $"avis-{id}-v{opinion.Version}.pdf", enableRangeProcessing: true,
            entityTag: new EntityTagHeaderValue($"\"{opinion.Sha256}\""));
    }
}
