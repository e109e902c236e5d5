using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
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

/// <summary>The patient's own precise questions to the expert, one to five.</summary>
internal static class SaveQuestions
{
    private const int MostQuestions = 5;
    private const int LongestQuestion = 1000;

    /// <summary>What the patient wants to know.</summary>
    /// <param name="Questions">One to five, in French; each is answered in the opinion.</param>
    [HealthData]
    internal sealed record SaveQuestionsRequest([property: Length(1, MostQuestions), EachMaxLength(LongestQuestion)] IReadOnlyList<string> Questions);

    /// <summary>What the patient wants to know.</summary>
    /// <param name="CaseId">The case.</param>
    /// <param name="Questions">In the patient's order; each is answered in the opinion.</param>
    [HealthData]
    internal sealed record CaseQuestions(Guid CaseId, IReadOnlyList<string> Questions);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/cases/{id:guid}/questions", Read)
            .AllowRoles(Roles.Patient, Roles.Agent, Roles.Physician)
            .GivesEtag()
            .WithName("ReadQuestions")
            .WithSummary("Read the patient's questions")
            .WithDescription("Its ETag goes into If-Match of the next save.");
        api.MapPut("/cases/{id:guid}/questions", Handle)
            .AllowRoles(Roles.Patient, Roles.Agent, Roles.Physician)
            .Refuses(Problems.WrongState)
            .RequiresIfMatch()
            .WithName("SaveQuestions")
            .WithSummary("Save the patient's questions")
            .WithDescription("One to five precise questions, each answered in the opinion. Needs If-Match.");
    }

    /// <param name="id">The case.</param>
    private static Task<Results<Ok<CaseQuestions>, Problem>> Read(
        Guid id, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, Keyring keyring, CancellationToken cancel) =>
        dataSource.InTransaction<Results<Ok<CaseQuestions>, Problem>>(async db =>
        {
            if (await CaseRows.OwnHeld(db, user, id) is not { } file)
            {
                return CommonProblems.Absent();
            }

            await AuditTrail.Record(db, user, "read", "questions", id, Purpose.Of(user));
            using var key = await CaseKey.Of(db, keyring, id);
            http.Response.Headers.ETag = Etags.Of(file.QuestionsVersion);
            http.Response.Headers.CacheControl = "no-store";
            return TypedResults.Ok(new CaseQuestions(id, Open(key, file)));
        }, cancel);

    /// <param name="id">The case.</param>
    private static Task<Results<Ok<CaseQuestions>, Problem>> Handle(
        Guid id, SaveQuestionsRequest request, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, Keyring keyring,
        CancellationToken cancel) =>
        dataSource.InTransaction<Results<Ok<CaseQuestions>, Problem>>(async db =>
        {
            if (await CaseRows.OwnLocked(db, user, id) is not { } file)
            {
                return CommonProblems.Absent();
            }

            if (!CaseLife.IsBeingWritten(file.State.Value))
            {
                return Problems.CaseIs(file.State.Value);
            }

            if (Etags.Mismatch(http.Request, file.QuestionsVersion) is { } mismatch)
            {
                return mismatch;
            }

            var errors = Faults(request.Questions).ToArray();
            if (errors.Length > 0)
            {
                return CommonProblems.Invalid(errors);
            }

            var questions = request.Questions.Select(q => q.Trim()).ToArray();
            using var key = await CaseKey.Of(db, keyring, id);
            await AuditTrail.Record(db, user, "write", "questions", id, Purpose.Of(user));
            await db.ExecuteAsync(
                """
                update case_file
                set sealed_questions = @Box,
                    question_count = @Count,
                    questions_version = questions_version + 1,
                    version = version + 1
                where id = @id
                """,
                new { id, Box = key.Seal(CaseColumns.Questions, questions), Count = questions.Length });
            http.Response.Headers.ETag = Etags.Of(file.QuestionsVersion + 1);
            http.Response.Headers.CacheControl = "no-store";
            return TypedResults.Ok(new CaseQuestions(id, questions));
        }, cancel);

    internal static string[] Open(CaseKey key, CaseRow file) => file.SealedQuestions is { } box ? key.Open<string[]>(CaseColumns.Questions, box) : [];

    private static IEnumerable<FieldError> Faults(IReadOnlyList<string> questions)
    {
        if (questions.Count is 0 or > MostQuestions)
        {
            yield return new FieldError("#/questions", "out_of_range", $"Posez de 1 à {MostQuestions} questions.");
        }

        for (var i = 0; i < questions.Count; i++)
        {
            if (string.IsNullOrWhiteSpace(questions[i]) || questions[i].Length > LongestQuestion)
            {
                yield return new FieldError($"#/questions/{i}", "invalid_length", $"Une question compte de 1 à {LongestQuestion} caractères.");
            }
        }
    }
}
