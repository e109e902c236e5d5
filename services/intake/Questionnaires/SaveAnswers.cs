using System.Security.Claims;
using System.Text.Json;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Intake.Cases;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Questionnaires;

/// <summary>Saves the answers, whole or in part: what is there must be right, what is missing can come later.</summary>
internal static class SaveAnswers
{
    /// <summary>All answers of a case, the general ones and those of its family.</summary>
    /// <param name="Questionnaire">The questionnaire that the case was opened with.</param>
    /// <param name="Version">Its version: answers are kept with the version they were given to.</param>
    /// <param name="Answers">By question id: boolean, number, text, option code, list of option codes, or ISO date. Replaces what was saved
    /// before.</param>
    [HealthData]
    internal sealed record SaveAnswersRequest(
        [property: Form("questionnaire-code", "endometriosis_gynaecology")] string Questionnaire, int Version,
        IReadOnlyDictionary<string, JsonElement> Answers);

    public static void Map(RouteGroupBuilder api) => api.MapPut("/cases/{id:guid}/answers", Handle)
        .AllowRoles(Roles.Patient, Roles.Agent, Roles.Physician)
        .Refuses(Problems.WrongState, Problems.OtherQuestionnaire)
        .RequiresIfMatch()
        .WithName("SaveAnswers")
        .WithSummary("Save the answers of a case")
        .WithDescription(
            "Needs If-Match with the ETag of the answers that were read, so that two people who fill in one case do not undo each other. "
            + "`alerts` names answers that cannot wait, and whom to call; while there is one, the case cannot be complete.");

    /// <param name="id">The case.</param>
    private static Task<Results<Ok<ReadAnswers.CaseAnswers>, Problem>> Handle(
        Guid id, SaveAnswersRequest request, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, Keyring keyring,
        QuestionnaireBook questionnaires, TimeProvider time, CancellationToken cancel) =>
        dataSource.InTransaction<Results<Ok<ReadAnswers.CaseAnswers>, Problem>>(async db =>
        {
            if (await CaseRows.OwnLocked(db, user, id) is not { } file)
            {
                return CommonProblems.Absent();
            }

            using var key = await CaseKey.Of(db, keyring, id);
            var who = ReadAnswers.Who(key, file, time.GetUtcNow());
            if (Refusal(http, request, file, questionnaires, who) is { } problem)
            {
                return problem;
            }

            // What is not asked of this patient is not kept, whatever an application sends.
            var asked = questionnaires.QuestionsOf(file.QuestionnaireCode, file.QuestionnaireVersion, file.GeneralVersion, who);
            var known = asked.Select(q => q.Id).ToHashSet();
            var answers = request.Answers.Where(a => a.Value.ValueKind != JsonValueKind.Null && known.Contains(a.Key)).ToDictionary(a => a.Key, a => a.Value);
            await AuditTrail.Record(db, user, "write", "answers", id, Purpose.Of(user));
            await db.ExecuteAsync(
                """
                update case_file
                set sealed_answers = @Box,
                    answers_version = answers_version + 1,
                    alarm = @Alarm,
                    version = version + 1
                where id = @id
                """,
                new { id, Box = key.Seal(CaseColumns.Answers, answers), Alarm = AnswerRules.Alarming(asked, answers).FirstOrDefault()?.Alert!.Door });
            http.Response.Headers.ETag = Etags.Of(file.AnswersVersion + 1);
            http.Response.Headers.CacheControl = "no-store";
            return TypedResults.Ok(ReadAnswers.View(file, answers, questionnaires, who));
        }, cancel);

    private static Problem? Refusal(HttpContext http, SaveAnswersRequest request, CaseRow file, QuestionnaireBook questionnaires, Respondent who)
    {
        if (!CaseLife.IsBeingWritten(file.State.Value))
        {
            return Problems.CaseIs(file.State.Value);
        }

        if (Etags.Mismatch(http.Request, file.AnswersVersion) is { } mismatch)
        {
            return mismatch;
        }

        if (request.Questionnaire != file.QuestionnaireCode || request.Version != file.QuestionnaireVersion)
        {
            return Problems.CaseAnswers(file.QuestionnaireCode, file.QuestionnaireVersion);
        }

        var asked = questionnaires.QuestionsOf(file.QuestionnaireCode, file.QuestionnaireVersion, file.GeneralVersion, who);
        var others = questionnaires.QuestionsOf(file.QuestionnaireCode, file.QuestionnaireVersion, file.GeneralVersion)
            .ExceptBy(asked.Select(q => q.Id), q => q.Id);
        var faults = AnswerRules.Faults([.. asked, .. others], request.Answers);
        return faults.Count > 0 ? CommonProblems.Invalid([.. faults]) : null;
    }
}
