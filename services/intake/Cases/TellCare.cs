using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Cases;

/// <summary>Where and by whom the patient is treated, told or corrected while the file is written: it decides whose opinion is independent.</summary>
internal static class TellCare
{
    /// <summary>Where and by whom the patient is treated. The whole is replaced.</summary>
    /// <param name="TreatingEstablishment">FINESS, 9 characters.</param>
    /// <param name="PlaceOfCare">Without an establishment: <c>none</c> (nobody treats the patient in one) or <c>unknown</c>.</param>
    /// <param name="TreatingPhysician">The patient's physician.</param>
    /// <param name="CoordinatingPhysician">Who coordinates the care, when it is somebody else.</param>
    [HealthData]
    internal sealed record CaseCare(
        [property: Form("finess", "990000017")] string? TreatingEstablishment = null,
        [property: Codes(typeof(PlacesOfCare), nameof(PlacesOfCare.WithoutEstablishment))] string? PlaceOfCare = null,
        CaseTreatingPhysician? TreatingPhysician = null, CaseTreatingPhysician? CoordinatingPhysician = null);

    public static void Map(RouteGroupBuilder api) => api.MapPut("/cases/{id:guid}/care", Handle)
        .AllowRoles(Roles.Patient, Roles.Agent, Roles.Physician)
        .Refuses(Problems.WrongState)
        .RequiresIfMatch()
        .WithName("TellCare")
        .WithSummary("Tell where and by whom the patient is treated")
        .WithDescription("Needs `If-Match` with the ETag of the case. None of these physicians, nobody who works there or has a tie with them "
            + "gives the opinion.");

    /// <param name="id">The case.</param>
    private static Task<Results<Ok<CaseCare>, Problem>> Handle(
        Guid id, CaseCare request, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, Keyring keyring, CancellationToken cancel) =>
        dataSource.InTransaction<Results<Ok<CaseCare>, Problem>>(async db =>
        {
            FieldError[] errors =
            [
                .. PlacesOfCare.Faults("#", request.TreatingEstablishment, request.PlaceOfCare),
                .. request.TreatingPhysician?.Faults("#/treatingPhysician") ?? [],
                .. request.CoordinatingPhysician?.Faults("#/coordinatingPhysician") ?? [],
            ];
            if (errors.Length > 0)
            {
                return CommonProblems.Invalid(errors);
            }

            if (await CaseRows.OwnLocked(db, user, id) is not { } file)
            {
                return CommonProblems.Absent();
            }

            if (!CaseLife.IsBeingWritten(file.State.Value))
            {
                return Problems.CaseIs(file.State.Value);
            }

            if (Etags.Mismatch(http.Request, file.Version) is { } mismatch)
            {
                return mismatch;
            }

            using var key = await CaseKey.Of(db, keyring, id);
            var person = key.Open<SealedPerson>(CaseColumns.Person, file.SealedPerson) with
            {
                TreatingPhysician = request.TreatingPhysician?.Clean(),
                CoordinatingPhysician = request.CoordinatingPhysician?.Clean(),
            };
            var kept = request with
            {
                TreatingEstablishment = request.TreatingEstablishment is { } finess ? Finess.Parse(finess).Value : null,
                TreatingPhysician = person.TreatingPhysician,
                CoordinatingPhysician = person.CoordinatingPhysician,
            };
            await db.ExecuteAsync(
                """
                update case_file
                set treating_establishment = @TreatingEstablishment, place_of_care = @Place, sealed_person = @Person, version = version + 1
                where id = @id
                """,
                new
                {
                    id,
                    kept.TreatingEstablishment,
                    Place = PlacesOfCare.Of(kept.TreatingEstablishment, kept.PlaceOfCare),
                    Person = key.Seal(CaseColumns.Person, person),
                });
            await AuditTrail.Record(db, user, "write", "care", id, Purpose.Of(user));
            http.Response.Headers.ETag = Etags.Of(file.Version + 1);
            return TypedResults.Ok(kept);
        }, cancel);
}
