using System.Security.Claims;
using Grpc.Core;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Contracts.Physician.V1;
using SecondOpinion.Intake.Cases;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Resilience;

namespace SecondOpinion.Intake.Delivery;

/// <summary>
/// The patient reads the opinion: what it says in short, and where its PDF is. So does the physician who asked for it, as long as the patient agrees to the
/// téléexpertise (R.6316-1 and following of the Code de la santé publique: the opinion answers the physician who asks).
/// </summary>
internal static class GetOpinion
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <summary>The opinion as its patient finds it.</summary>
    /// <param name="CaseId">The case.</param>
    /// <param name="OpinionId">The opinion; all its versions share it.</param>
    /// <param name="Version">1, or higher after a correction.</param>
    /// <param name="SignedAt">When this version was signed.</param>
    /// <param name="Physician">Who signed, as shown on the opinion.</param>
    /// <param name="Diagnosis"><c>confirmed</c>, <c>clarified</c> or <c>changed</c>.</param>
    /// <param name="Treatment">The same.</param>
    /// <param name="Impact"><c>none</c>, <c>minor</c>, <c>moderate</c> or <c>major</c>.</param>
    /// <param name="Sha256">Of the PDF, hexadecimal.</param>
    /// <param name="SizeBytes">Size of the PDF in bytes.</param>
    /// <param name="Pdf">Path at which the PDF is downloaded.</param>
    [HealthData]
    internal sealed record OpinionView(
        Guid CaseId, Guid OpinionId, int Version, DateTimeOffset SignedAt, string Physician, string Diagnosis, string Treatment, string Impact,
        string Sha256, long SizeBytes,
        string Pdf);

    public static void Map(RouteGroupBuilder api) => api.MapGet("/cases/{id:guid}/opinion", Handle)
        .AllowRoles(Roles.Patient, Roles.Physician)
        .Refuses(Problems.NoOpinionYet)
        .WithName("GetOpinion")
        .WithSummary("Read the opinion")
        .WithDescription("The latest version; a correction is a new version of the same opinion. The physician who asked for a téléexpertise reads it, too, "
            + "as long as the patient agrees.");

    /// <param name="id">The case.</param>
    private static async Task<Results<Ok<OpinionView>, Problem>> Handle(
        Guid id, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, Opinions.OpinionsClient physician, CancellationToken cancel)
    {
        if (await MayRead(dataSource, user, id, "read", cancel) is { } problem)
        {
            return problem;
        }

        if (!(await Fetch(physician, id, cancel)).TryGet(out var opinion, out var refusal))
        {
            return refusal;
        }

        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(new OpinionView(
            id, Guid.Parse(opinion.OpinionId), opinion.Version, opinion.SignedAt.ToDateTimeOffset(), opinion.PhysicianDisplayName, opinion.Diagnosis,
            opinion.Treatment,
            opinion.Impact, opinion.Sha256, opinion.SizeBytes, $"/api/v1/cases/{id}/opinion.pdf"));
    }

    /// <summary>Audited before anything is asked of the physician's part: no record, no data.</summary>
    internal static Task<Problem?> MayRead(NpgsqlDataSource dataSource, ClaimsPrincipal user, Guid id, string action, CancellationToken cancel) =>
        dataSource.InTransaction<Problem?>(async db =>
        {
            if (await CaseRows.Own(db, user, id) is null)
            {
                return CommonProblems.Absent();
            }

            await AuditTrail.Record(db, user, action, "opinion", id, Purpose.Of(user));
            return null;
        }, cancel);

    internal static async Task<Result<Opinion>> Fetch(Opinions.OpinionsClient physician, Guid id, CancellationToken cancel)
    {
        try
        {
            return await physician.GetAsync(new GetOpinionRequest { CaseId = id.ToString() }, deadline: Deadline.In(Limit), cancellationToken: cancel);
        }
        catch (RpcException exception) when (exception.StatusCode == StatusCode.NotFound)
        {
            return Problems.NotSignedYet();
        }
        catch (RpcException exception) when (exception.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded)
        {
            return CommonProblems.Away();
        }
    }
}
