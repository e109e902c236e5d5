using System.Security.Claims;
using System.Security.Cryptography;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.Physician.Files;
using SecondOpinion.Physician.Admission;
using SecondOpinion.Physician.Worklist;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Encryption;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Idempotency;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.ServiceDefaults.Pdf;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Physician.Writing;

/// <summary>
/// The physician signs the draft: it becomes a PDF that never changes, and the opinion is delivered. Signing again after a new draft is a correction.
/// </summary>
internal static class SignOpinion
{
    /// <summary>The version that was signed and delivered.</summary>
    /// <param name="OpinionId">The opinion; all its versions share it.</param>
    /// <param name="CaseId">The case.</param>
    /// <param name="Version">1 for the first; a correction is the next version of the same opinion.</param>
    /// <param name="SignedAt">When; the 7-day clock stops.</param>
    /// <param name="Sha256">Of the PDF, hexadecimal.</param>
    /// <param name="SizeBytes">Size of the PDF in bytes.</param>
    /// <param name="Converges">Derived: neither diagnosis nor treatment is changed. Not a target, and never a ranking.</param>
    internal sealed record OpinionSigned(
        Guid OpinionId, Guid CaseId, int Version, DateTimeOffset SignedAt, string Sha256, long SizeBytes, [property: HealthData] bool Converges);

    public static void Map(RouteGroupBuilder api) => api.MapPost("/worklist/cases/{caseId:guid}/opinion/sign", Handle)
        .AllowRoles(Roles.Physician)
        .Refuses(Problems.NothingToSign, Problems.DraftChanged, Problems.FileNotReady, Problems.NotNow)
        .AllowsIfMatch()
        .WithName("SignOpinion")
        .WithSummary("Sign and deliver the opinion")
        .WithDescription(
            "No body: signs the saved draft, which must have diagnosis, treatment, impact, reasoning, recommendations and one answer to each question; "
            + "every option its benefits, risks and level of evidence; a correction its reason. "
            + "An optional `If-Match` makes sure which draft is signed. After the delivery, saving and signing a new draft makes a corrected version.");

    /// <param name="caseId">A case that is assigned to the caller.</param>
    private static async Task<Results<Once<Created<OpinionSigned>>, Problem>> Handle(
        Guid caseId,
        ClaimsPrincipal user,
        HttpContext http,
        NpgsqlDataSource dataSource,
        Keyring keyring,
        IntakeDossiers intake,
        OpinionPdf pages,
        PdfSeal seal,
        TimeProvider time,
        CancellationToken cancel)
    {
        var physicianId = user.PhysicianId();
        var (physician, draft, latest) = await Load(dataSource, keyring, caseId, physicianId, cancel);
        if (physician is null)
        {
            return CommonProblems.Absent();
        }

        // Nothing to sign may mean that this very request was carried out before: then the stored answer is given below.
        Prepared? prepared = null;
        if (draft.Content is not null
            && !(await Prepare(caseId, physician, draft, latest, http, intake, pages, seal, time)).TryGet(out prepared, out var refusal))
        {
            return refusal;
        }


        return await Idempotent.Run<string, Created<OpinionSigned>>(dataSource, http, "sign", async db =>
        {
            if (prepared is null)
            {
                return Problems.NoDraft();
            }

            var (opinion, pdf, sha256) = prepared;
            // Zero rows: withdrawn while the physician wrote.
            var delivered = await db.ExecuteAsync(
                """
                update worklist_item
                set state = 'delivered', delivered_at = coalesce(delivered_at, @SignedAt)
                where case_id = @caseId and physician_id = @physicianId and state in ('assigned', 'delivered')
                """,
                new { caseId, physicianId, opinion.SignedAt });
            if (delivered == 0)
            {
                return CommonProblems.Absent();
            }

            if (!await Draft.Clear(db, caseId, draft.Version, opinion.SignedAt))
            {
                return Problems.DraftIsNewer();
            }

            await SignedOpinion.Add(db, keyring, caseId, physicianId, opinion, pdf, sha256);
            await AuditTrail.Record(db, user, "sign", "opinion", opinion.OpinionId, "second_opinion");
            await Tell(db, caseId, physicianId, opinion);
            return TypedResults.Created(
                $"/api/v1/worklist/cases/{caseId}/opinion.pdf?version={opinion.Version}",
                new OpinionSigned(
                    opinion.OpinionId, caseId, opinion.Version, opinion.SignedAt, sha256, pdf.Length,
                    OpinionContent.Converges(opinion.Content.Diagnosis!.Value, opinion.Content.Treatment!.Value)));
        });
    }

    private static async Task<(PhysicianRow? PhysicianRow, Draft Draft, SignedOpinion? Latest)> Load(
        NpgsqlDataSource dataSource, Keyring keyring, Guid caseId, Guid physicianId, CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        return await WorklistItem.OwnCase(db, caseId, physicianId) is null
            ? default
            : (await PhysicianRow.Find(db, physicianId), await Draft.Read(db, keyring, caseId, physicianId), await SignedOpinion.Find(db, caseId));
    }

    /// <summary>Everything that needs another service or time to compute, before the transaction.</summary>
    private static async Task<Result<Prepared>> Prepare(
        Guid caseId, PhysicianRow physician, Draft draft, SignedOpinion? latest, HttpContext http, IntakeDossiers intake, OpinionPdf pages,
        PdfSeal seal, TimeProvider time)
    {
        if (http.Request.Headers.IfMatch.Count > 0 && Etags.Mismatch(http.Request, draft.Version) is { } mismatch)
        {
            return mismatch;
        }

        if (!(await intake.Get(caseId, http)).TryGet(out var dossier, out var refusal))
        {
            return refusal;
        }

        if (draft.Content!.CheckForSigning(dossier.Questions.Count, corrects: latest is not null) is [_, ..] errors)
        {
            return CommonProblems.Invalid([.. errors]);
        }

        var now = time.GetUtcNow();
        var opinion = new OpinionToSign(
            latest?.OpinionId ?? Guid.CreateVersion7(now),
            caseId,
            (latest?.Version ?? 0) + 1,
            now,
            latest?.SignedAt,
            physician.DisplayName,
            physician.Rpps,
            dossier.PathologyCode,
            dossier.PathologyName,
            dossier.AgeYears,
            dossier.Sex,
            [.. dossier.Questions],
            draft.Content);
        var pdf = seal.On(pages.Set(opinion), "Deuxième avis médical signé par le médecin référent nommé dans le document", now);
        return new Prepared(opinion, pdf, Convert.ToHexStringLower(SHA256.HashData(pdf)));
    }

    /// <summary>Two events on purpose: the one that billing hears has no clinical field.</summary>
    private static async Task Tell(NpgsqlConnection db, Guid caseId, Guid physicianId, OpinionToSign opinion)
    {
        await Outbox.Publish(db, caseId, new OpinionDelivered
        {
            OpinionId = opinion.OpinionId,
            CaseId = caseId,
            PhysicianId = physicianId,
            Version = opinion.Version,
            DeliveredAt = opinion.SignedAt,
        });
        await Outbox.Publish(db, caseId, new OpinionOutcomeRecorded
        {
            OpinionId = opinion.OpinionId,
            CaseId = caseId,
            Version = opinion.Version,
            PathologyCode = opinion.PathologyCode,
            Diagnosis = opinion.Content.Diagnosis!.Value.Word(),
            Treatment = opinion.Content.Treatment!.Value.Word(),
            Impact = opinion.Content.Impact!.Value.Word(),
            RecordedAt = opinion.SignedAt,
        });
    }

    private sealed record Prepared(OpinionToSign Opinion, byte[] Pdf, string Sha256);
}

/// <summary>What goes on the page: who signed what and when, for a patient of whom only age and sex are told.</summary>
/// <param name="PreviousSignedAt">Date of the version that this one corrects; null for the first.</param>
internal sealed record OpinionToSign(
    Guid OpinionId,
    Guid CaseId,
    int Version,
    DateTimeOffset SignedAt,
    DateTimeOffset? PreviousSignedAt,
    string PhysicianName,
    string Rpps,
    string PathologyCode,
    string PathologyName,
    int AgeYears,
    string Sex,
    IReadOnlyList<string> Questions,
    OpinionContent Content);
