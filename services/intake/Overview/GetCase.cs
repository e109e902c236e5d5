using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Catalogue;
using SecondOpinion.Intake.Questionnaires;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Overview;

/// <summary>One case, with everything its patient may see of it.</summary>
internal static class GetCase
{
    public static void Map(RouteGroupBuilder api) => api.MapGet("/cases/{id:guid}", Handle)
        .AllowRoles(Roles.Patient, Roles.Agent, Roles.Physician)
        .GivesEtag()
            .WithName("GetCase")
        .WithSummary("Read a case")
        .WithDescription("The patient's own case; an agent or a physician sees those that they opened for a patient.");

    /// <param name="id">The case.</param>
    private static Task<Results<Ok<CaseView>, Problem>> Handle(
        Guid id, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, Keyring keyring, PathologyCatalogue catalogue,
        QuestionnaireBook questionnaires, TimeProvider time, CancellationToken cancel) =>
        dataSource.InTransaction<Results<Ok<CaseView>, Problem>>(async db =>
        {
            if (await CaseRows.OwnHeld(db, user, id) is not { } file)
            {
                return CommonProblems.Absent();
            }

            await AuditTrail.Record(db, user, "read", "case", id, Purpose.Of(user));
            http.Response.Headers.ETag = Etags.Of(file.Version);
            http.Response.Headers.CacheControl = "no-store";
            using var key = await CaseKey.Of(db, keyring, id);
            return TypedResults.Ok(await CaseViews.Of(db, key, file, user.Role(), catalogue, questionnaires, time.GetUtcNow()));
        }, cancel);
}
