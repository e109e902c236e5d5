using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Intake.Catalogue;
using SecondOpinion.Intake.Coverage;
using SecondOpinion.Intake.Questionnaires;
using SecondOpinion.Intake.Social;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Cases;

/// <summary>
/// Hands the file in. Whole and covered it is complete and the clock starts; else the answer says what is missing, or that the insurer is still being asked.
/// </summary>
internal static class SubmitCase
{
    /// <param name="State"><c>complete</c>, <c>incomplete</c> with what is missing, <c>submitted</c> while the insurer is asked, or <c>refused</c>.</param>
    internal sealed record CaseSubmission(
        Guid CaseId, string State, string Coverage, string? RefusalText, DateTimeOffset SubmittedAt, DateTimeOffset? CompletedAt, DateTimeOffset? DueAt,
        IReadOnlyList<MissingItem> Missing);

    public static void Map(RouteGroupBuilder api) => api.MapPost("/cases/{id:guid}/submit", Handle)
        .AllowRoles(Access.Patient, Access.Agent, Access.Physician)
        .WithName("SubmitCase")
        .WithSummary("Submit a case")
        .WithDescription("Needs the consent to processing. The coverage is reserved with the insurer; the 7-day clock starts when the file is complete.");

    private static async Task<Results<Ok<CaseSubmission>, Problem>> Handle(
        Guid id, ClaimsPrincipal user, NpgsqlDataSource dataSource, Keyring keyring, PathologyCatalogue catalogue, QuestionnaireBook questionnaires,
        CoverageDesk desk, TimeProvider time, CancellationToken cancel)
    {
        var (question, problem) = await Look(dataSource, user, id, keyring, catalogue, questionnaires, time.GetUtcNow(), cancel);
        if (problem is not null)
        {
            return problem;
        }

        // Between the two transactions, so that no lock waits for billing. Idempotent by case: a lost outcome is found again.
        var answer = question is null ? null : await desk.Reserve(id, question, cancel);

        return await dataSource.InTransaction<Results<Ok<CaseSubmission>, Problem>>(async db =>
        {
            if (await CaseRows.OwnLocked(db, user, id) is not { } file)
            {
                return CommonProblems.Absent();
            }

            var now = time.GetUtcNow();
            if (await Refusal(db, file) is { } refusal)
            {
                return refusal;
            }

            (file, var forbidden) = await CaseTransition.Try(db, file, CaseMove.Submit, now);
            if (forbidden is not null)
            {
                return forbidden;
            }

            var missing = await Completeness.Of(db, keyring, file, catalogue, questionnaires, now);
            file = await Settle(db, keyring, file, missing.Count == 0, answer, now);
            return TypedResults.Ok(new CaseSubmission(
                id, file.State, file.Coverage, file.RefusalText, file.SubmittedAt!.Value, file.CompletedAt, file.DueAt, missing));
        }, cancel);
    }

    /// <summary>The case is complete: the clock runs, and matching is told. Called in the transaction that also reserved the coverage.</summary>
    internal static async Task<CaseRow> Complete(NpgsqlConnection db, Keyring keyring, CaseRow file, DateTimeOffset now)
    {
        if (await CaseTransition.IfAllowed(db, file, CaseMove.FindComplete, now) is not { } complete)
        {
            return file;
        }

        await Outbox.Publish(db, file.Id, new CaseCompleted
        {
            CaseId = file.Id,
            PathologyCode = file.PathologyCode,
            SpecialtyCode = file.SpecialtyCode,
            TreatingEstablishment = file.TreatingEstablishment,
            SubmittedAt = complete.SubmittedAt!.Value,
            CompletedAt = complete.CompletedAt!.Value,
            DueAt = complete.DueAt!.Value,
        });
        await TellSocialFacts.Publish(db, keyring, complete, now);
        return complete;
    }

    /// <summary>What must be known before billing is asked: may it be submitted, and is it whole? An incomplete file reserves nothing.</summary>
    private static async Task<(CoverageQuestion? Question, Problem? Problem)> Look(
        NpgsqlDataSource dataSource, ClaimsPrincipal user, Guid id, Keyring keyring, PathologyCatalogue catalogue,
        QuestionnaireBook questionnaires, DateTimeOffset now,
        CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        if (await CaseRows.Own(db, user, id) is not { } file)
        {
            return (null, CommonProblems.Absent());
        }

        if (CaseLife.Decide(file.CurrentState, CaseMove.Submit) is Decision.Forbidden)
        {
            return (null, CaseTransition.Refusal(file.CurrentState));
        }

        if (await Refusal(db, file) is { } refusal)
        {
            return (null, refusal);
        }

        if (file.SealedCoverageQuestion is not { } box || (await Completeness.Of(db, keyring, file, catalogue, questionnaires, now)).Count > 0)
        {
            return (null, null);
        }

        using var key = await CaseKey.Of(db, keyring, id);
        return (key.Open<CoverageQuestion>(CaseColumns.CoverageQuestion, box), null);
    }

    private static async Task<Problem?> Refusal(NpgsqlConnection db, CaseRow file)
    {
        var consents = await CaseViews.Consents(db, file.Id);
        return consents.Any(c => c.Purpose == "processing" && c.Granted) || !CaseLife.IsBeingWritten(file.CurrentState)
            ? null
            : Problems.ConsentMissing.Because(
                "Record the patient's consent `processing` before submitting.",
                "Donnez d'abord votre accord pour le traitement de vos données (consentement « processing »).",
                new FieldError("#/consents/processing", "missing", "Cet accord est nécessaire pour qu'un médecin lise votre dossier."));
    }

    private static async Task<CaseRow> Settle(NpgsqlConnection db, Keyring keyring, CaseRow file, bool whole, CoverageAnswer? answer, DateTimeOffset now)
    {
        switch (answer)
        {
            case CoverageAnswer.Covered covered:
                await CoverageRecord.Covered(db, file.Id, covered, reserved: true, now);
                break;
            case CoverageAnswer.Refused refused:
                await CoverageRecord.Refused(db, file.Id, refused, now);
                return await Reload(db, await CaseTransition.IfAllowed(db, file, CaseMove.Refuse, now) ?? file);
            case CoverageAnswer.Pending or CoverageAnswer.Unreadable:
                await CoverageRecord.Pending(db, file.Id, now + SettleCoverage.FirstWait);
                break;
        }

        if (!whole)
        {
            return await Reload(db, await CaseTransition.IfAllowed(db, file, CaseMove.FindIncomplete, now) ?? file);
        }

        file = await Reload(db, file);
        return file.Coverage == "reserved" ? await Complete(db, keyring, file, now) : file;
    }

    private static async Task<CaseRow> Reload(NpgsqlConnection db, CaseRow file) => (await CaseRows.Any(db, file.Id))!;
}
