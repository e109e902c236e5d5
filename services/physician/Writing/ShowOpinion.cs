using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Physician.Files;
using SecondOpinion.Physician.Worklist;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Encryption;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Physician.Writing;

/// <summary>Shows a physician their draft with its ETag and the versions already signed, and serves the PDF of each.</summary>
internal static class ShowOpinion
{
    // What is kept here is read only while intake would let the file be read: consent and time are known there.
    /// <summary>The opinion as its author works on it.</summary>
    /// <param name="CaseId">The case.</param>
    /// <param name="DraftVersion">For If-Match; 0 while nothing was ever saved.</param>
    /// <param name="Draft">Null when there is nothing to sign.</param>
    /// <param name="Signed">Oldest first; empty before the first signature.</param>
    [HealthData]
    internal sealed record OwnOpinion(Guid CaseId, int DraftVersion, OpinionContent? Draft, IReadOnlyList<OwnSignedVersion> Signed);

    /// <summary>A version that was signed.</summary>
    /// <param name="OpinionId">The opinion; all its versions share it.</param>
    /// <param name="Version">1 for the first.</param>
    /// <param name="SignedAt">When it was signed.</param>
    /// <param name="Sha256">Of the PDF, hexadecimal.</param>
    /// <param name="SizeBytes">Size of the PDF in bytes.</param>
    internal sealed record OwnSignedVersion(Guid OpinionId, int Version, DateTimeOffset SignedAt, string Sha256, long SizeBytes);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/worklist/cases/{caseId:guid}/opinion", Handle)
            .AllowRoles(Roles.Physician)
            .Refuses(Problems.FileNotReady, Problems.NotNow)
            .GivesEtag()
            .WithName("ShowOwnOpinion")
            .WithSummary("Show one's draft and signed versions")
            .WithDescription("The ETag is that of the draft.");
        api.MapGet("/worklist/cases/{caseId:guid}/opinion.pdf", Download)
            .AllowRoles(Roles.Physician)
            .Refuses(Problems.FileNotReady, Problems.NotNow)
            .WithName("DownloadOwnOpinion")
            .WithSummary("PDF of a signed version")
            .WithDescription("`version` is the latest unless given.")
            .GivesFileInParts("application/pdf");
    }

    /// <param name="caseId">A case that is assigned to the caller.</param>
    private static async Task<Results<Ok<OwnOpinion>, Problem>> Handle(
        Guid caseId, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, Keyring keyring, IntakeDossiers intake, CancellationToken cancel)
    {
        if (await ReadDossier.IsOwn(dataSource, caseId, user, cancel) && await intake.AccessRefusal(caseId, http) is { } closed)
        {
            return closed;
        }

        return await dataSource.InTransaction<Results<Ok<OwnOpinion>, Problem>>(async db =>
        {
            if (await WorklistItem.OwnCase(db, caseId, user.PhysicianId()) is null)
            {
                return CommonProblems.Absent();
            }

            await AuditTrail.Record(db, user, "read", "opinion", caseId, "second_opinion");
            var draft = await Draft.Read(db, keyring, caseId, user.PhysicianId());
            var signed = (await db.QueryAsync<OwnSignedVersion>(
                """
                select o.opinion_id, v.version, v.signed_at, v.sha256, v.size_bytes
                from opinion o
                join opinion_version v using (opinion_id)
                where o.case_id = @caseId
                order by v.version
                """,
                new { caseId })).AsList();
            http.Response.Headers.ETag = Etags.Of(draft.Version);
            http.Response.Headers.CacheControl = "no-store";
            return TypedResults.Ok(new OwnOpinion(caseId, draft.Version, draft.Content, signed));
        }, cancel);
    }

    /// <param name="caseId">A case that is assigned to the caller.</param>
    /// <param name="version">The signed version; the latest when left out.</param>
    /// <returns>The PDF of the signed version.</returns>
    private static async Task<Results<FileContentHttpResult, Problem>> Download(
        Guid caseId, int? version, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, Keyring keyring, IntakeDossiers intake,
            CancellationToken cancel)
    {
        if (await ReadDossier.IsOwn(dataSource, caseId, user, cancel) && await intake.AccessRefusal(caseId, http) is { } closed)
        {
            return closed;
        }

        return await dataSource.InTransaction<Results<FileContentHttpResult, Problem>>(async db =>
        {
            if (await WorklistItem.OwnCase(db, caseId, user.PhysicianId()) is null || await SignedOpinion.Find(db, caseId, version ?? 0) is not { } opinion)
            {
                return CommonProblems.Absent();
            }

            await AuditTrail.Record(db, user, "download", "opinion", opinion.OpinionId, "second_opinion");
            http.Response.Headers.CacheControl = "no-store";
            http.Response.Headers.XContentTypeOptions = "nosniff";
            return TypedResults.File(await opinion.ReadPdf(db, keyring), "application/pdf", $"avis-{caseId}-v{opinion.Version}.pdf",
                enableRangeProcessing: true, entityTag: new Microsoft.Net.Http.Headers.EntityTagHeaderValue($"\"{opinion.Sha256}\""));
        }, cancel);
    }
}
