using System.Security.Claims;
using System.Text.Json;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Encryption;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Questionnaires;

/// <summary>Saves the answers, whole or in part: what is there must be right, what is missing can come later.</summary>
internal static class SaveAnswers
{
    /// <param name="Questionnaire">The questionnaire that the case was opened with.</param>
    /// <param name="Version">Its version: answers are kept with the version they were given to.</param>
    /// <param name="Answers">By question id: boolean, number, text, option code, list of option codes, or ISO date. Replaces what was saved before.</param>
    internal sealed record SaveAnswersRequest(string Questionnaire, int Version, IReadOnlyDictionary<string, JsonElement> Answers);

    public static void Map(RouteGroupBuilder api) => api.MapPut("/cases/{id:guid}/answers", Handle)
        .AllowRoles(Access.Patient, Access.Agent, Access.Physician)
        .WithName("SaveAnswers")
        .WithSummary("Save the answers of a case")
        .WithDescription(
            "Needs If-Match with the ETag of the answers that were read, so that two people who fill in one case do not undo each other. "
            + "`alerts` names answers that cannot wait, and whom to call.");

    private static Task<Results<Ok<ReadAnswers.CaseAnswers>, Problem>> Handle(
        Guid id, SaveAnswersRequest request, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, Keyring keyring,
        QuestionnaireBook questionnaires, CancellationToken cancel) =>
        dataSource.InTransaction<Results<Ok<ReadAnswers.CaseAnswers>, Problem>>(async db =>
        {
            if (await CaseRows.OwnLocked(db, user, id) is not { } file)
            {
                return CommonProblems.Absent();
            }

            if (Refusal(http, request, file, questionnaires) is { } problem)
            {
                return problem;
            }

            var answers = request.Answers.Where(a => a.Value.ValueKind != JsonValueKind.Null).ToDictionary(a => a.Key, a => a.Value);
            using var key = await CaseKey.Of(db, keyring, id);
            await db.ExecuteAsync(
                """
                update case_file
                set sealed_answers = @Box,
                    answers_version = answers_version + 1,
                    version = version + 1
                where id = @id
                """,
                new { id, Box = key.Seal("case_file|sealed_answers", answers) });
            http.Response.Headers.ETag = Etags.Of(file.AnswersVersion + 1);
            http.Response.Headers.CacheControl = "no-store";
            return TypedResults.Ok(ReadAnswers.View(file, answers, questionnaires));
        }, cancel);

    private static Problem? Refusal(HttpContext http, SaveAnswersRequest request, CaseRow file, QuestionnaireBook questionnaires)
    {
        if (!CaseLife.IsBeingWritten(file.CurrentState))
        {
            return CaseTransition.Refusal(file.CurrentState);
        }

        if (Etags.Mismatch(http.Request, file.AnswersVersion) is { } mismatch)
        {
            return mismatch;
        }

        if (request.Questionnaire != file.QuestionnaireCode || request.Version != file.QuestionnaireVersion)
        {
            return Problems.OtherQuestionnaire.Because(
                $"This case answers {file.QuestionnaireCode} version {file.QuestionnaireVersion}.",
                $"Ce dossier répond au questionnaire {file.QuestionnaireCode}, version {file.QuestionnaireVersion}.");
        }

        var asked = questionnaires.QuestionsOf(file.QuestionnaireCode, file.QuestionnaireVersion, file.GeneralVersion);
        var faults = AnswerRules.Faults(asked, request.Answers);
        return faults.Count > 0 ? CommonProblems.Invalid([.. faults]) : null;
    }
}
