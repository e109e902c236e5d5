using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Catalogue;
using SecondOpinion.Intake.Consents;
using SecondOpinion.Intake.Coverage;
using SecondOpinion.Intake.Overview;
using SecondOpinion.Intake.Questionnaires;
using SecondOpinion.Intake.Social;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Intake.Submission;

/// <summary>
/// Hands the file in. Whole and covered it is complete and the clock starts; else the answer says what is missing, or that the insurer is still
/// being asked.
/// </summary>
internal static class SubmitCase
{
    /// <summary>Where the case stands after its submission.</summary>
    /// <param name="CaseId">The case.</param>
    /// <param name="State"><c>complete</c>, <c>incomplete</c> with what is missing, <c>submitted</c> while the insurer is asked or a proof of authority is
    /// looked at, or <c>refused</c>.</param>
    /// <param name="Coverage"><c>reserved</c>, <c>pending</c> while the insurer is asked, <c>refused</c>, or <c>none</c>.</param>
    /// <param name="RefusalText">Why the insurer does not pay, in French; null when it does.</param>
    /// <param name="SubmittedAt">When it was submitted.</param>
    /// <param name="CompletedAt">When the file was found complete; null while it is not.</param>
    /// <param name="DueAt">End of the 7-day promise; null while the file is not complete.</param>
    /// <param name="Missing">What the file lacks; empty when it is complete.</param>
    internal sealed record CaseSubmission(
        Guid CaseId, string State, string Coverage, string? RefusalText, DateTimeOffset SubmittedAt, DateTimeOffset? CompletedAt, DateTimeOffset? DueAt,
        [property: HealthData] IReadOnlyList<MissingItem> Missing);

    public static void Map(RouteGroupBuilder api) => api.MapPost("/cases/{id:guid}/submit", Handle)
        .AllowRoles([.. CaseWords.Routes[CaseMove.Submit].Roles])
        .Refuses(Problems.WrongState, Problems.ConsentMissing)
        .WithName(CaseWords.Routes[CaseMove.Submit].Operation)
        .WithSummary("Submit a case")
        .WithDescription(
            "Needs the consent to processing and, when an agent or a physician opened the case, the patient's own confirmation. "
            + "The coverage is reserved with the insurer; the 7-day clock starts when the file is complete.");

    /// <param name="id">The case.</param>
    private static async Task<Results<Ok<CaseSubmission>, Problem>> Handle(
        Guid id, ClaimsPrincipal user, NpgsqlDataSource dataSource, Keyring keyring, PathologyCatalogue catalogue, QuestionnaireBook questionnaires,
        CoverageDesk desk, TimeProvider time, CancellationToken cancel)
    {
        if (!(await Look(dataSource, user, id, keyring, catalogue, questionnaires, time.GetUtcNow(), cancel)).TryGet(out var look, out var problem))
        {
            return problem;
        }

        // Between the two transactions, so that no lock waits for billing. Idempotent by case: a lost outcome is found again.
        var answer = look.Question is { } question ? await desk.Reserve(id, look.Asker, question, cancel) : null;

        return await dataSource.InTransaction<Results<Ok<CaseSubmission>, Problem>>(async db =>
        {
            if (await CaseRows.OwnLocked(db, user, id) is not { } file)
            {
                return CommonProblems.Absent();
            }

            if (await Refusal(db, file) is { } refusal)
            {
                return refusal;
            }

            await AuditTrail.Record(db, user, "submit", "case", id, Purpose.Of(user));
            var now = time.GetUtcNow();
            if (!(await CaseTransition.Try(db, file, CaseMove.Submit, now)).TryGet(out var submitted, out var forbidden))
            {
                return forbidden;
            }

            using var key = await CaseKey.Of(db, keyring, id);
            var missing = await Completeness.Of(db, key, submitted, catalogue, questionnaires, now);
            file = await Settle(db, key, submitted, missing, answer, now);
            return TypedResults.Ok(new CaseSubmission(
                id, file.State.Text, file.Coverage.Text, file.RefusalText, file.SubmittedAt!.Value, file.CompletedAt, file.DueAt, missing));
        }, cancel);
    }

    /// <summary>The case is complete: the clock runs, and matching is told. Called in the transaction that also reserved the coverage.</summary>
    internal static async Task<CaseRow> Complete(NpgsqlConnection db, CaseKey key, CaseRow file, DateTimeOffset now)
    {
        if (await CaseTransition.IfAllowed(db, file, CaseMove.FindComplete, now) is not { } complete)
        {
            return file;
        }

        var person = key.Open<SealedPerson>(CaseColumns.Person, file.SealedPerson);
        await Outbox.Publish(db, file.Id, new CaseCompleted
        {
            CaseId = file.Id,
            PathologyCode = file.PathologyCode,
            SpecialtyCode = file.SpecialtyCode,
            TreatingEstablishment = file.TreatingEstablishment,
            InvolvedPhysicians = person.Involved(CaseOwner.AskingPhysician(file.OpenedBy)),
            PlaceOfCare = file.PlaceOfCare,
            PatientIsMinor = person.Patient.AgeOn(FrenchTime.Day(now)) < CaseRelative.AdultFrom,
            Language = file.Language,
            SubmittedAt = complete.SubmittedAt!.Value,
            CompletedAt = complete.CompletedAt!.Value,
            DueAt = complete.DueAt!.Value,
        });
        await TellSocialFacts.Publish(db, key, complete, now);
        return complete;
    }

    /// <summary>What must be known before billing is asked: may it be submitted, and is it whole? An incomplete file reserves nothing.</summary>
    private static async Task<Result<Looked>> Look(
        NpgsqlDataSource dataSource, ClaimsPrincipal user, Guid id, Keyring keyring, PathologyCatalogue catalogue, QuestionnaireBook questionnaires,
        DateTimeOffset now,
        CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        if (await CaseRows.Own(db, user, id) is not { } file)
        {
            return CommonProblems.Absent();
        }

        if (CaseLife.Decide(file.State.Value, CaseMove.Submit) is Decision.Forbidden)
        {
            return Problems.CaseIs(file.State.Value);
        }

        if (await Refusal(db, file) is { } refusal)
        {
            return refusal;
        }

        var asker = new CoverageAsker(file.OpenedBy, file.PatientId);
        if (file.SealedCoverageQuestion is not { } box)
        {
            return new Looked(asker, null);
        }

        using var key = await CaseKey.Of(db, keyring, id);
        var missing = await Completeness.Of(db, key, file, catalogue, questionnaires, now);
        return new Looked(asker, missing.Count > 0 ? null : key.Open<CoverageQuestion>(CaseColumns.CoverageQuestion, box));
    }

    private static async Task<Problem?> Refusal(NpgsqlConnection db, CaseRow file)
    {
        var consents = await CaseViews.Consents(db, file.Id);
        return consents.Any(c => c.Purpose == ConsentText.Processing && c.Granted) || !CaseLife.IsBeingWritten(file.State.Value) ? null
            : Problems.ProcessingNotAgreed();
    }

    private static async Task<CaseRow> Settle(
        NpgsqlConnection db, CaseKey key, CaseRow file, IReadOnlyList<MissingItem> missing, CoverageAnswer? answer, DateTimeOffset now)
    {
        if (answer is not null)
        {
            // What billing cannot read or will not answer now it is asked again: the answer then is for good.
            var kept = answer is CoverageAnswer.Unreadable or CoverageAnswer.TooMany or CoverageAnswer.OtherFamily ? new CoverageAnswer.Pending() : answer;
            file = await CoverageRecord.Keep(db, file, kept, reserved: true, now);
        }

        return file.State.Value != CaseState.Submitted || Completeness.OnlyWaitsForReview(missing) ? file
            : missing.Count > 0 ? await CaseTransition.IfAllowed(db, file, CaseMove.FindIncomplete, now) ?? file
            : file.Coverage == CoverageStatus.Reserved ? await Complete(db, key, file, now)
            : file;
    }

    /// <param name="Asker">For whom billing is asked.</param>
    /// <param name="Question">What to reserve with; null when nothing is to be reserved.</param>
    private sealed record Looked(CoverageAsker Asker, CoverageQuestion? Question);
}
