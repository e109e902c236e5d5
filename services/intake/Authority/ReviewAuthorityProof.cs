using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Consents;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Idempotency;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Intake.Authority;

/// <summary>
/// An agent judges the proof of somebody who acts for the patient. Accepted, a submitted file goes on by itself; refused, it goes back to the relative with the
/// reason. An adult's agreement that is taken back later ends the case.
/// </summary>
internal static class ReviewAuthorityProof
{
    /// <summary>What the agent found.</summary>
    /// <param name="Accepted">The proof shows this authority, of this person over this patient.</param>
    /// <param name="Reason">Why not: <c>unreadable</c>, <c>other_person</c>, <c>not_this_authority</c>, <c>not_the_person</c> (a measure about money alone) or
    /// <c>no_agreement</c>; absent when accepted.</param>
    /// <param name="PatientAgreed">The agent has heard the adult's own agreement, or read it signed; needed for a curator and for a chosen relative.</param>
    internal sealed record AuthorityReviewRequest(
        bool Accepted, [property: Codes(typeof(ReviewAuthorityProof), nameof(Reasons))] string? Reason = null, bool PatientAgreed = false);

    /// <summary>A review that was kept.</summary>
    /// <param name="CaseId">The case.</param>
    /// <param name="Accepted">What was found.</param>
    /// <param name="State">Of the case afterwards.</param>
    /// <param name="ReviewedAt">When.</param>
    internal sealed record KeptReview(Guid CaseId, bool Accepted, string State, DateTimeOffset ReviewedAt);

    private static IReadOnlyList<string> Reasons => Words.All<ProofFault>();

    public static void Map(RouteGroupBuilder api) => api.MapPost("/cases/authority-proofs/{id:guid}/review", Handle)
        .AllowRoles(Roles.Agent)
        .Refuses(Problems.WrongState)
        .WithName("ReviewAuthorityProof")
        .WithSummary("Judge a proof of authority")
        .WithDescription(
            "Before it no physician reads the file. Of the proofs that are there now: another upload asks for another review. `no_agreement` also ends a case "
            + "that is under way, when the adult takes the agreement back.");

    /// <summary>A case whose proof waits for a review.</summary>
    internal static Task<CaseRow?> Find(NpgsqlConnection db, Guid id) =>
        db.QuerySingleOrDefaultAsync<CaseRow>($"select {CaseRows.Columns} from case_file where id = @id and {AuthorityReview.Waits}", new { id });

    /// <param name="id">The case.</param>
    private static Task<Results<Once<Ok<KeptReview>>, Problem>> Handle(
        Guid id, AuthorityReviewRequest request, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, Keyring keyring, TimeProvider time) =>
        Idempotent.Run<AuthorityReviewRequest, Ok<KeptReview>>(dataSource, http, request, async db =>
        {
            if (await CaseRows.AnyLocked(db, id) is not { } file || file.RequestedBy != RequestedBy.Relative)
            {
                return CommonProblems.Absent();
            }

            ProofFault? fault = request.Reason is null ? null : Words.TryRead<ProofFault>(request.Reason, out var read) ? read : default(ProofFault?);
            if (request.Reason is not null && fault is null)
            {
                return CommonProblems.Invalid(new FieldError(
                    "#/reason", "unknown_code", "Dites pourquoi le justificatif est refusé, par un motif de la liste.", Reasons));
            }

            if (request.Accepted == (fault is not null))
            {
                return CommonProblems.Invalid(new FieldError("#/reason", "missing", "Un refus a une raison ; une acceptation n'en a pas."));
            }

            using var key = await CaseKey.Of(db, keyring, id);
            var relative = key.Open<SealedPerson>(CaseColumns.Person, file.SealedPerson).Relative!;
            // After an acceptance there is one thing left to say: the adult who decides no longer agrees.
            var takenBack = relative.NeedsPatientsAgreement && fault == ProofFault.NoAgreement && !CaseLife.IsOver(file.State.Value);
            if (await Find(db, id) is null && !takenBack)
            {
                return CommonProblems.Absent();
            }

            if (request.Accepted && relative.NeedsPatientsAgreement && !request.PatientAgreed)
            {
                return CommonProblems.Invalid(new FieldError("#/patientAgreed", "must_be_true",
                    "La personne malade décide elle-même : recueillez d'abord son accord, au téléphone ou par écrit."));
            }

            var now = time.GetUtcNow();
            await Keep(db, user, id, request, fault, now);
            if (relative.NeedsPatientsAgreement && (request.Accepted || takenBack))
            {
                await RecordConsent.Insert(db, user, id, ConsentText.Latest(ConsentText.RelativeActs)!, request.Accepted, now);
            }

            await AuditTrail.Record(db, user, "review", "authority_proof", id, "authority_review");
            file = await GoOn(db, file, request.Accepted, takenBack, now);
            return TypedResults.Ok(new KeptReview(id, request.Accepted, file.State.Text, now));
        });

    private static async Task Keep(NpgsqlConnection db, ClaimsPrincipal user, Guid id, AuthorityReviewRequest request, ProofFault? fault, DateTimeOffset now) =>
        await db.ExecuteAsync(
            """
            insert into authority_review (id, case_id, accepted, reason, patient_agreed, document_ids, reviewed_by, at)
            values (@Id, @CaseId, @Accepted, @Reason, @PatientAgreed, @Documents, @By, @now)
            """,
            new
            {
                Id = Guid.CreateVersion7(now),
                CaseId = id,
                request.Accepted,
                Reason = fault?.Word(),
                request.PatientAgreed,
                Documents = await AuthorityReview.Proofs(db, id),
                By = CaseOwner.OpenerOf(user.Role(), user),
                now,
            });

    private static async Task<CaseRow> GoOn(NpgsqlConnection db, CaseRow file, bool accepted, bool takenBack, DateTimeOffset now)
    {
        if (takenBack && CaseLife.Decide(file.State.Value, CaseMove.Withdraw) is Decision.Moves)
        {
            await WithdrawCase.Withdraw(db, file, now);
            return (await CaseRows.Any(db, file.Id))!;
        }

        if (file.State.Value != CaseState.Submitted)
        {
            return file;
        }

        if (!accepted)
        {
            return await CaseTransition.IfAllowed(db, file, CaseMove.FindIncomplete, now) ?? file;
        }

        // The file was whole but for this: the reservation that waited is made now, and with it the file is complete (SettleCoverage).
        await db.ExecuteAsync(
            "update case_file set coverage = 'pending', coverage_next_attempt_at = @now where id = @Id and coverage in ('covered', 'pending')",
            new { file.Id, now });
        return file;
    }
}
