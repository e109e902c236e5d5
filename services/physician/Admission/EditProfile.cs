using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Physician.Admission;

/// <summary>The scientific council changes what a référent is known for: diseases and levels, languages, ages, places of practice.</summary>
internal static class EditProfile
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/physicians/{physicianId:guid}/profile", Show)
            .AllowRoles(Roles.Council, Roles.Ops)
            .GivesEtag()
            .WithName("ShowProfile")
            .WithSummary("Show what a référent does, and for whom")
            .WithDescription("Its ETag goes into If-Match of the next change.");
        api.MapPut("/physicians/{physicianId:guid}/profile", Handle)
            .AllowRoles(Roles.Council)
            .RequiresIfMatch()
            .WithName("EditProfile")
            .WithSummary("Change what a référent does, and for whom")
            .WithDescription("Needs `If-Match`. The whole is replaced; matching learns of it at once. Cases already offered or accepted are not touched.");
    }

    /// <param name="physicianId">The référent.</param>
    private static async Task<Results<Ok<Practice>, Problem>> Show(
        Guid physicianId, HttpContext http, NpgsqlDataSource dataSource, CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        if (await PhysicianRow.Find(db, physicianId) is not { } referent)
        {
            return CommonProblems.Absent();
        }

        http.Response.Headers.ETag = Etags.Of(referent.Version);
        return TypedResults.Ok(Of(referent));
    }

    /// <param name="physicianId">The référent.</param>
    private static async Task<Results<Ok<Practice>, Problem>> Handle(
        Guid physicianId, Practice request, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, TimeProvider time,
        CancellationToken cancel)
    {
        if (request.Faults("#").ToArray() is [_, ..] errors)
        {
            return CommonProblems.Invalid(errors);
        }

        return await dataSource.InTransaction<Results<Ok<Practice>, Problem>>(async db =>
        {
            if (await PhysicianRow.Lock(db, physicianId) is not { } referent)
            {
                return CommonProblems.Absent();
            }

            if (Etags.Mismatch(http.Request, referent.Version) is { } mismatch)
            {
                return mismatch;
            }

            referent = request.Of(referent) with { Version = referent.Version + 1 };
            await db.ExecuteAsync(
                """
                update physician
                set display_name = @DisplayName, specialty_code = @SpecialtyCode, pathology_codes = @PathologyCodes, establishments = @Establishments,
                  reference_pathologies = @ReferencePathologies, occasional_pathologies = @OccasionalPathologies, languages = @Languages,
                  patients = @Patients, version = @Version
                where physician_id = @PhysicianId
                """,
                referent);
            await AuditTrail.Record(db, user, "write", "physician_profile", physicianId, "scientific_council");
            await referent.Tell(db, time.GetUtcNow());
            http.Response.Headers.ETag = Etags.Of(referent.Version);
            return TypedResults.Ok(Of(referent));
        }, cancel);
    }

    private static Practice Of(PhysicianRow r) => new(
        r.DisplayName, r.SpecialtyCode, r.PathologyCodes, r.Establishments, r.ReferencePathologies, r.OccasionalPathologies, r.Languages, r.Patients);
}
