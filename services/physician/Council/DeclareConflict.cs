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

/// <summary>A member of the council has a tie with the physician: no part in the decision from then on, and what was given before does not count.</summary>
internal static class DeclareConflict
{
    internal static readonly IReadOnlyList<string> Natures = ["family", "same_establishment", "associate", "pupil_or_teacher", "rival", "other"];

    /// <summary>A member's conflict of interest.</summary>
    /// <param name="Nature"><c>family</c>, <c>same_establishment</c>, <c>associate</c>, <c>pupil_or_teacher</c>, <c>rival</c> or <c>other</c>.</param>
    internal sealed record CouncilConflict([property: Codes(typeof(DeclareConflict), nameof(Natures))] string Nature);

    public static void Map(RouteGroupBuilder api) => api.MapPut("/physicians/applications/{applicationId:guid}/conflict", Handle)
        .AllowRoles(Roles.Council)
        .Refuses(Problems.Decided)
        .WithName("DeclareConflict")
        .WithSummary("Declare a conflict of interest with an applicant")
        .WithDescription("The member neither reviews nor votes, and an earlier review or vote does not count. It cannot be taken back.");

    /// <param name="applicationId">The file.</param>
    private static async Task<Results<Ok<CouncilConflict>, Problem>> Handle(
        Guid applicationId, CouncilConflict request, ClaimsPrincipal user, NpgsqlDataSource dataSource, TimeProvider time, CancellationToken cancel)
    {
        if (!Natures.Contains(request.Nature))
        {
            return CommonProblems.Invalid(new FieldError("#/nature", "unknown_code", "Indiquez la nature du lien : une valeur de la liste.", Natures));
        }

        return await dataSource.InTransaction<Results<Ok<CouncilConflict>, Problem>>(async db =>
        {
            if (await Application.Lock(db, applicationId) is not { } application)
            {
                return CommonProblems.Absent();
            }

            if (application.State != ApplicationState.Open)
            {
                return Problems.DecidedAlready(application.State.Value);
            }

            await db.ExecuteAsync(
                """
                insert into application_conflict (application_id, member, nature, declared_at)
                values (@applicationId, @Me, @Nature, @Now)
                on conflict do nothing
                """,
                new { applicationId, Me = user.Subject(), request.Nature, Now = time.GetUtcNow() });
            await AuditTrail.Record(db, user, "write", "application_conflict", applicationId, "scientific_council");
            return TypedResults.Ok(request);
        }, cancel);
    }
}
