using System.Security.Claims;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Questionnaires;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Fhir;

/// <summary>The FHIR R4 views: a questionnaire for anybody, the answers of a case for its owner.</summary>
internal static class ShowFhir
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/questionnaires/read-fhir", Questionnaire)
            .AllowAnonymous()
            .Produces<JsonObject>(StatusCodes.Status200OK, FhirQuestionnaire.MediaType)
            .WithName("GetFhirQuestionnaire")
            .WithSummary("A questionnaire as FHIR R4 Questionnaire")
            .WithDescription("The current version, or the one asked for.");
        api.MapGet("/cases/{id:guid}/answers/fhir", Response)
            .AllowRoles(Roles.Patient, Roles.Agent, Roles.Physician)
            .Produces<JsonObject>(StatusCodes.Status200OK, FhirQuestionnaire.MediaType)
            .WithName("GetFhirAnswers")
            .WithSummary("The answers of a case as FHIR R4 QuestionnaireResponse")
            .WithDescription("With the versions that were answered; the subject is a pseudonym.");
    }

    private static Results<ContentHttpResult, Problem> Questionnaire(GetQuestionnaire.QuestionnaireRequest request, QuestionnaireBook book) =>
        book.Find(request.Code, request.Version) is { } found ? Answer(FhirQuestionnaire.Of(found)) : CommonProblems.Absent();

    /// <param name="id">The case.</param>
    private static Task<Results<ContentHttpResult, Problem>> Response(
        Guid id, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, Keyring keyring, QuestionnaireBook book, CancellationToken cancel) =>
        dataSource.InTransaction<Results<ContentHttpResult, Problem>>(async db =>
        {
            if (await CaseRows.OwnHeld(db, user, id) is not { } file)
            {
                return CommonProblems.Absent();
            }

            await AuditTrail.Record(db, user, "export", "answers", id, Purpose.Of(user));
            using var key = await CaseKey.Of(db, keyring, id);
            http.Response.Headers.CacheControl = "no-store";
            return Answer(Answers(key, file, book));
        }, cancel);

    internal static JsonObject Answers(CaseKey key, CaseRow file, QuestionnaireBook book)
    {
        Questionnaires.Questionnaire[] parts = file.QuestionnaireCode == QuestionnaireBook.General
            ? [book.Find(QuestionnaireBook.General, file.GeneralVersion)!]
            : [book.Find(QuestionnaireBook.General, file.GeneralVersion)!, book.Find(file.QuestionnaireCode, file.QuestionnaireVersion)!];
        return FhirQuestionnaire.Response(file.Id, file.PatientId, !CaseLife.IsBeingWritten(file.State.Value), parts, ReadAnswers.Open(key, file));
    }

    private static ContentHttpResult Answer(JsonObject resource) => TypedResults.Content(resource.ToJsonString(Json), FhirQuestionnaire.MediaType);

    private static readonly JsonSerializerOptions Json = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
