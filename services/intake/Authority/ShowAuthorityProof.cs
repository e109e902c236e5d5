using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Documents;
using SecondOpinion.Intake.Overview;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Authority;

/// <summary>
/// What an agent needs to judge a proof: who is ill, who acts, and the proof; nothing of the disease. Only while it waits: afterwards the case is as absent as
/// any other of somebody else.
/// </summary>
internal static class ShowAuthorityProof
{
    /// <summary>A proof to be judged.</summary>
    /// <param name="CaseId">The case.</param>
    /// <param name="PatientName">Nom de naissance and prénoms.</param>
    /// <param name="PatientBirthDate">Date of birth.</param>
    /// <param name="PatientPhone">To hear an adult's own agreement; null when not told.</param>
    /// <param name="Authority">What the relative says, e.g. <c>guardian</c>.</param>
    /// <param name="AuthorityLabel">The same in French.</param>
    /// <param name="RelativeName">As the relative signs.</param>
    /// <param name="NeedsPatientsAgreement">The adult decides: the review needs <c>patientAgreed</c>.</param>
    /// <param name="Documents">The proofs, and no other document.</param>
    internal sealed record AuthorityProof(
        Guid CaseId, string PatientName, DateOnly PatientBirthDate, string? PatientPhone, string Authority, string AuthorityLabel, string RelativeName,
        bool NeedsPatientsAgreement, IReadOnlyList<ProofDocument> Documents);

    /// <summary>One document of the proof.</summary>
    /// <param name="DocumentId">The document.</param>
    /// <param name="MediaType">E.g. <c>application/pdf</c>.</param>
    /// <param name="SizeBytes">In bytes.</param>
    internal sealed record ProofDocument(Guid DocumentId, string MediaType, long SizeBytes);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/cases/authority-proofs/{id:guid}", Handle)
            .AllowRoles(Roles.Agent)
            .WithName("ShowAuthorityProof")
            .WithSummary("A proof of authority to be judged")
            .WithDescription("Who is ill, who acts and what the proof is; nothing of the disease. Only while it waits for a review.");
        api.MapGet("/cases/authority-proofs/{id:guid}/documents/{documentId:guid}", Download)
            .AllowRoles(Roles.Agent)
            .GivesFile("application/octet-stream")
            .WithName("DownloadAuthorityProof")
            .WithSummary("Download a proof of authority")
            .WithDescription("As it was uploaded, always an attachment. Only proofs, and only while they wait for a review.");
    }

    /// <param name="id">The case.</param>
    private static Task<Results<Ok<AuthorityProof>, Problem>> Handle(
        Guid id, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, Keyring keyring, CancellationToken cancel) =>
        dataSource.InTransaction<Results<Ok<AuthorityProof>, Problem>>(async db =>
        {
            if (await ReviewAuthorityProof.Find(db, id) is not { } file)
            {
                return CommonProblems.Absent();
            }

            await AuditTrail.Record(db, user, "read", "authority_proof", id, "authority_review");
            using var key = await CaseKey.Of(db, keyring, id);
            var person = key.Open<SealedPerson>(CaseColumns.Person, file.SealedPerson);
            var relative = person.Relative!;
            var documents = (await CaseViews.Documents(db, key, id)).Where(d => d.TypeCode == Catalogue.PathologyCatalogue.AuthorityProof)
                .Select(d => new ProofDocument(d.DocumentId, d.MediaType, d.SizeBytes)).ToList();
            http.Response.Headers.CacheControl = "no-store";
            return TypedResults.Ok(new AuthorityProof(
                id, $"{person.Patient.BirthName} {string.Join(' ', person.Patient.GivenNames)}", person.Patient.BirthDate, person.Patient.Phone,
                relative.Authority, CaseRelative.Authorities[relative.Authority].Label, relative.Name, relative.NeedsPatientsAgreement, documents));
        }, cancel);

    /// <param name="id">The case.</param>
    /// <param name="documentId">The document.</param>
    /// <returns>The document's bytes, as they were uploaded.</returns>
    private static async Task<Results<FileStreamHttpResult, Problem>> Download(
        Guid id, Guid documentId, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, DocumentStore store, Keyring keyring,
        CancellationToken cancel)
    {
        var found = await dataSource.InTransaction<DownloadDocument.Readable?>(async db =>
        {
            if (await ReviewAuthorityProof.Find(db, id) is null
                || await DownloadDocument.Find(db, keyring, id, documentId) is not { TypeCode: Catalogue.PathologyCatalogue.AuthorityProof } readable)
            {
                return null;
            }

            await AuditTrail.Record(db, user, "download", "authority_proof", documentId, "authority_review");
            return readable;
        }, cancel);
        if (found is null)
        {
            return CommonProblems.Absent();
        }

        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        http.Response.Headers.ContentSecurityPolicy = "sandbox";
        return TypedResults.Stream(found.Open(store), found.ServedType, $"justificatif-{documentId}");
    }
}
