using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Physician.Council;

/// <summary>One of the two members who read the file says what they would do, and why.</summary>
internal static class ReviewApplication
{
    internal static readonly IReadOnlyList<string> Recommendations = ["admit", "refuse"];

    /// <summary>A reviewer's judgement.</summary>
    /// <param name="Recommendation"><c>admit</c> or <c>refuse</c>.</param>
    /// <param name="Reasons">For the council only, 1 to 4000 characters.</param>
    internal sealed record CouncilReview(
        [property: Codes(typeof(ReviewApplication), nameof(Recommendations))] string Recommendation, [property: Length(1, MaxReasons)] string Reasons);

    private const int MaxReasons = 4000;

    public static void Map(RouteGroupBuilder api) => api.MapPut("/physicians/applications/{applicationId:guid}/review", Handle)
        .AllowRoles(Roles.Council)
        .Refuses(Problems.Decided, Problems.NoPart, Problems.GivenAlready)
        .WithName("ReviewApplication")
        .WithSummary("Review an application")
        .WithDescription("By two members, each once; nobody votes before. A review is final: repeating it changes nothing, another one is refused.");

    /// <param name="applicationId">The file.</param>
    private static async Task<Results<Ok<CouncilReview>, Problem>> Handle(
        Guid applicationId, CouncilReview request, ClaimsPrincipal user, NpgsqlDataSource dataSource, CouncilSettings settings, TimeProvider time,
        CancellationToken cancel)
    {
        if (Faults(request).ToArray() is [_, ..] errors)
        {
            return CommonProblems.Invalid(errors);
        }

        return await dataSource.InTransaction<Results<Ok<CouncilReview>, Problem>>(async db =>
        {
            if (await Application.Lock(db, applicationId) is not { } application)
            {
                return CommonProblems.Absent();
            }

            var me = user.Subject();
            var mine = await db.QuerySingleOrDefaultAsync<CouncilReview>(
                "select recommendation, reasons from application_review where application_id = @applicationId and member = @me", new { applicationId, me });
            if (mine is not null)
            {
                return mine == request ? TypedResults.Ok(mine) : Problems.Final();
            }

            if (await Part.Refusal(db, application, me) is { } refusal)
            {
                return refusal;
            }

            if ((await application.Ballot(db)).Reviews >= settings.Reviewers)
            {
                return Problems.ReviewedByOthers();
            }

            await db.ExecuteAsync(
                """
                insert into application_review (application_id, member, recommendation, reasons, reviewed_at)
                values (@applicationId, @me, @Recommendation, @Reasons, @Now)
                """,
                new { applicationId, me, request.Recommendation, request.Reasons, Now = time.GetUtcNow() });
            await AuditTrail.Record(db, user, "write", "application_review", applicationId, "scientific_council");
            return TypedResults.Ok(request);
        }, cancel);
    }

    private static IEnumerable<FieldError> Faults(CouncilReview request)
    {
        if (!Recommendations.Contains(request.Recommendation))
        {
            yield return new FieldError("#/recommendation", "unknown_code", "Indiquez admit ou refuse.", Recommendations);
        }

        if (request.Reasons.Trim().Length is 0 or > MaxReasons)
        {
            yield return new FieldError("#/reasons", "invalid_length", $"Donnez vos raisons, en 1 à {MaxReasons} caractères.");
        }
    }
}
