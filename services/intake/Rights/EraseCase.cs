using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Documents;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Rights;

/// <summary>
/// Forgets a case for good (GDPR article 17): its keys are destroyed, so that no copy of what was said opens any more, backups included; its documents are
/// removed; it belongs to nobody. Every other service hears <see cref="CaseErased"/> and does the same. Records of access stay, as the law asks.
/// </summary>
internal static class EraseCase
{
    internal const string AskedFor = "patient";
    internal const string KeptLongEnough = "retention";

    /// <summary>A case that was erased.</summary>
    /// <param name="CaseId">The case; nothing is found under it any more.</param>
    /// <param name="ErasedAt">When.</param>
    internal sealed record CaseErasure(Guid CaseId, DateTimeOffset ErasedAt);

    public static void Map(RouteGroupBuilder api) => api.MapPost("/cases/{id:guid}/erasure", Handle)
        .AllowRoles(Roles.Patient)
        .Refuses(Problems.WrongState, Problems.RecordMustBeKept)
        .WithName("EraseCase")
        .WithSummary("Erase a case")
        .WithDescription(
            "For a case that ended without an opinion; one under way is withdrawn first. A case with an opinion is a medical record, which is kept until the "
            + "day that the refusal names: `RecordConsent` ends every physician's access to it at once. Erased is erased: afterwards the case is not there, "
            + "for anybody.");

    /// <param name="id">The case.</param>
    private static async Task<Results<Ok<CaseErasure>, Problem>> Handle(
        Guid id, ClaimsPrincipal user, NpgsqlDataSource dataSource, Keyring keyring, DocumentStore store, RetentionPeriods periods, TimeProvider time,
        CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        IReadOnlyList<Guid> files = [];
        var result = await dataSource.InTransaction<Results<Ok<CaseErasure>, Problem>>(async db =>
        {
            if (await CaseRows.OwnLocked(db, user, id) is not { } file)
            {
                return CommonProblems.Absent();
            }

            if (RetentionPeriods.HasOpinion(file.State.Value))
            {
                return Problems.KeptUntil((await KeepCases.Dates(db, keyring, periods, file)).KeptUntil);
            }

            if (!CaseLife.IsOver(file.State.Value))
            {
                return Problems.CaseIs(file.State.Value);
            }

            await AuditTrail.Record(db, user, "erase", "case", id, Purpose.Of(user));
            files = await Erase(db, file.Id, AskedFor, now);
            return TypedResults.Ok(new CaseErasure(id, now));
        }, cancel);
        // After the commit: a file without a row is swept, a row without a file would be a loss.
        foreach (var document in files)
        {
            store.Erase(document);
        }

        return result;
    }

    /// <returns>The documents whose files go once this has committed.</returns>
    internal static async Task<IReadOnlyList<Guid>> Erase(NpgsqlConnection db, Guid id, string reason, DateTimeOffset now)
    {
        await db.ExecuteAsync(
            """
            delete from case_key where case_id = @id;
            delete from social_facts where case_id = @id;
            delete from upload_reservation where case_id = @id;
            delete from reminder where case_id = @id;
            update information_request
            set sealed_question = '', sealed_answer = case when sealed_answer is null then null else ''::bytea end
            where case_id = @id;
            update case_file
            set patient_id = gen_random_uuid(), opened_by = 'erased', pathology_code = 'erased', specialty_code = 'erased', questionnaire_code = 'erased',
                department_code = null, treating_establishment = null, place_of_care = null, assigned_physician = null, replaced_physicians = '{}',
                alarm = null, sealed_person = '', sealed_answers = null, sealed_questions = null, sealed_coverage_question = null, insurer_id = null,
                insurer_name = null, engagement_number = null, refusal_text = null, redirected_to = null, erased_at = @now, version = version + 1
            where id = @id
            """,
            new { id, now });
        var documents = await db.QueryAsync<Guid>(
            """
            with whole as (delete from document where case_id = @id returning id), begun as (delete from document_upload where case_id = @id returning id)
            select id from whole union select id from begun
            """,
            new { id });
        await Outbox.Publish(db, id, new CaseErased { CaseId = id, Reason = reason, ErasedAt = now });
        return documents.AsList();
    }
}
