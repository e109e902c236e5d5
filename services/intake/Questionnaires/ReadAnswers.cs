using System.Security.Claims;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Safety;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Questionnaires;

/// <summary>What was answered so far, to go on later.</summary>
internal static class ReadAnswers
{
    /// <summary>The answers of a case as they are saved.</summary>
    /// <param name="CaseId">The case.</param>
    /// <param name="Questionnaire">The family's questionnaire; its questions come after those of <c>general</c>.</param>
    /// <param name="Version">Version of the family's questionnaire that is answered.</param>
    /// <param name="GeneralVersion">Version of the general questionnaire that is answered.</param>
    /// <param name="Answers">By question id: boolean, number, text, option code, list of option codes, or ISO date.</param>
    /// <param name="Missing">Ids of the required questions that apply and have no answer yet.</param>
    /// <param name="Alerts">Answers that cannot wait for an opinion, with whom to call: to be shown at once. They stop the case until the answer is
    /// changed.</param>
    [HealthData]
    internal sealed record CaseAnswers(
        Guid CaseId, string Questionnaire, int Version, int GeneralVersion, IReadOnlyDictionary<string, JsonElement> Answers, IReadOnlyList<string> Missing,
        IReadOnlyList<AnswerAlert> Alerts);

    /// <summary>An answer that cannot wait.</summary>
    /// <param name="QuestionId">The question that was answered so.</param>
    /// <param name="Door">Whom to call.</param>
    [HealthData]
    internal sealed record AnswerAlert(string QuestionId, OtherDoor Door);

    public static void Map(RouteGroupBuilder api) => api.MapGet("/cases/{id:guid}/answers", Handle)
        .AllowRoles(Roles.Patient, Roles.Agent, Roles.Physician)
        .GivesEtag()
            .WithName("ReadAnswers")
        .WithSummary("Read the answers of a case")
        .WithDescription("Its ETag goes into If-Match of the next save.");

    /// <param name="id">The case.</param>
    private static Task<Results<Ok<CaseAnswers>, Problem>> Handle(
        Guid id, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, Keyring keyring, QuestionnaireBook questionnaires, TimeProvider time,
        CancellationToken cancel) =>
        dataSource.InTransaction<Results<Ok<CaseAnswers>, Problem>>(async db =>
        {
            if (await CaseRows.OwnHeld(db, user, id) is not { } file)
            {
                return CommonProblems.Absent();
            }

            await AuditTrail.Record(db, user, "read", "answers", id, Purpose.Of(user));
            using var key = await CaseKey.Of(db, keyring, id);
            http.Response.Headers.ETag = Etags.Of(file.AnswersVersion);
            http.Response.Headers.CacheControl = "no-store";
            return TypedResults.Ok(View(file, Open(key, file), questionnaires, Who(key, file, time.GetUtcNow())));
        }, cancel);

    internal static Dictionary<string, JsonElement> Open(CaseKey key, CaseRow file) =>
        file.SealedAnswers is { } box ? key.Open<Dictionary<string, JsonElement>>(CaseColumns.Answers, box) : [];

    /// <summary>The patient as far as the questions need it.</summary>
    internal static Respondent Who(CaseKey key, CaseRow file, DateTimeOffset now) =>
        Respondent.Of(key.Open<SealedPerson>(CaseColumns.Person, file.SealedPerson).Patient, now);

    internal static CaseAnswers View(CaseRow file, IReadOnlyDictionary<string, JsonElement> answers, QuestionnaireBook questionnaires, Respondent who)
    {
        var asked = questionnaires.QuestionsOf(file.QuestionnaireCode, file.QuestionnaireVersion, file.GeneralVersion, who);
        return new CaseAnswers(
            file.Id, file.QuestionnaireCode, file.QuestionnaireVersion, file.GeneralVersion, answers,
            [.. AnswerRules.Missing(asked, answers).Select(q => q.Id)],
            [.. AnswerRules.Alarming(asked, answers).Select(q => new AnswerAlert(q.Id, SafetyScreen.Find(q.Alert!.Door)!))]);
    }
}
