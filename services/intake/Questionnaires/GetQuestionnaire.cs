using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Questionnaires;

/// <summary>The questions, for whoever shows them: one questionnaire in one version, or the list.</summary>
internal static class GetQuestionnaire
{
    /// <summary>A questionnaire in a list.</summary>
    /// <param name="Code"><c>general</c>, or a family of diseases, e.g. <c>oncology</c>.</param>
    /// <param name="Version">The current one.</param>
    /// <param name="Title">French title.</param>
    /// <param name="TitleSimple">The same in simplified French.</param>
    /// <param name="Questions">How many questions it has.</param>
    internal sealed record QuestionnaireSummary(string Code, int Version, string Title, string TitleSimple, int Questions);

    /// <summary>Which questionnaire.</summary>
    /// <param name="Code"><c>general</c>, or a family of diseases, e.g. <c>oncology</c>.</param>
    /// <param name="Version">The current one when left out; a case keeps the one that it was opened with.</param>
    [HealthData]
    internal sealed record QuestionnaireRequest([property: MaxLength(60)] string Code, [property: Range(1, 1000)] int? Version = null);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/questionnaires", List)
            .AllowAnonymous()
            .WithName("ListQuestionnaires")
            .WithSummary("List the questionnaires")
            .WithDescription("The current version of each: one general, one per family of diseases.");
        // In the body: whose questionnaire one reads says what one has, and addresses stand in logs that are not ours.
        api.MapPost("/questionnaires/read", Handle)
            .AllowAnonymous()
            .GivesEtag()
            .WithName("GetQuestionnaire")
            .WithSummary("Read a questionnaire")
            .WithDescription("The current version, or the one asked for: a case keeps the version that it was opened with.");
    }

    /// <returns>The current version of each.</returns>
    private static Ok<IReadOnlyList<QuestionnaireSummary>> List(QuestionnaireBook book) => TypedResults.Ok<IReadOnlyList<QuestionnaireSummary>>(
        [.. book.Latest.OrderBy(q => q.Code, StringComparer.Ordinal)
            .Select(q => new QuestionnaireSummary(q.Code, q.Version, q.Title, q.TitleSimple, q.Questions.Count))]);

    private static Results<Ok<Questionnaire>, Problem> Handle(QuestionnaireRequest request, QuestionnaireBook book, HttpContext http)
    {
        if (book.Find(request.Code, request.Version) is not { } found)
        {
            return CommonProblems.Absent();
        }

        http.Response.Headers.ETag = $"\"{found.Code}.v{found.Version}\"";
        return TypedResults.Ok(found);
    }
}
