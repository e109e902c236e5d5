using System.ComponentModel.DataAnnotations;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Contracts.Reporting;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Reporting.Surveys;

/// <summary>
/// Takes the answer that a one-time link stands for. The link goes with it, and the answer is dated by its month: what is kept cannot be joined to anybody.
/// </summary>
internal static class AnswerSurvey
{
    private const int TokenLength = 43;
    private static readonly string[] Outcomes = ["followed", "partly", "not_followed", "undecided"];

    /// <summary>An answer; every question may be left out.</summary>
    /// <param name="Token">The link's, as it was given; it works once.</param>
    /// <param name="Recommends">Would recommend the service.</param>
    /// <param name="Score">How likely, 0 to 10.</param>
    /// <param name="Followed">What became of the opinion: <c>followed</c>, <c>partly</c>, <c>not_followed</c> or <c>undecided</c>.</param>
    /// <param name="OperationAvoided">An operation that was planned did not take place; null when none was planned.</param>
    public sealed record SurveyAnswer(
        [property: Length(TokenLength, TokenLength)] string Token,
        bool? Recommends = null,
        [property: Range(0, 10)] int? Score = null,
        [property: HealthData, Codes(typeof(AnswerSurvey), nameof(Outcomes))] string? Followed = null,
        [property: HealthData] bool? OperationAvoided = null);

    public static void Map(RouteGroupBuilder api) => api.MapPost("/surveys/answers", Handle)
        .AllowAnonymous()
        .Refuses(Problems.LinkSpent)
        .WithName("AnswerSurvey")
        .WithSummary("Answers a survey by its one-time link")
        .WithDescription("The link is the only proof that is asked for, and works once. The answer is anonymous: it is kept with its month and no case.");

    private static async Task<Results<NoContent, Problem>> Handle(SurveyAnswer request, NpgsqlDataSource dataSource, TimeProvider time)
    {
        var faults = new List<FieldError>();
        var hash = Survey.Hash(request.Token);
        if (hash is null)
        {
            faults.Add(new("#/token", "not_a_link", "Reprenez le lien du message, en entier."));
        }

        if (request.Score is < 0 or > 10)
        {
            faults.Add(new("#/score", "out_of_range", "Une note de 0 à 10."));
        }

        if (request.Followed is { } followed && !Outcomes.Contains(followed))
        {
            faults.Add(new("#/followed", "unknown", "Cette réponse n'existe pas : choisissez-en une.", Outcomes));
        }

        if (faults.Count > 0)
        {
            return CommonProblems.Invalid([.. faults]);
        }

        return await dataSource.InTransaction<Results<NoContent, Problem>>(async db =>
        {
            var today = FrenchTime.Day(time.GetUtcNow());
            var survey = await db.ExecuteScalarAsync<string?>(
                "delete from survey_link where sha256 = @hash and expires_on >= @today returning survey", new { hash, today });
            if (survey is null)
            {
                return Problems.ThisLinkIsSpent();
            }

            var answer = Guid.CreateVersion7();
            await Outbox.Publish(db, answer, new SurveyAnswered
            {
                AnswerId = answer,
                Survey = survey,
                Recommends = request.Recommends,
                Score = request.Score,
                Followed = request.Followed,
                OperationAvoided = request.OperationAvoided,
                AnsweredIn = FrenchTime.Midnight(new DateOnly(today.Year, today.Month, 1)),
            });
            return TypedResults.NoContent();
        });
    }
}
