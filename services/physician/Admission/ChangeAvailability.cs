using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Physician.Admission;

/// <summary>A référent says how many cases to take and until when to be left alone.</summary>
internal static class ChangeAvailability
{
    /// <summary>How much a physician takes on.</summary>
    /// <param name="Capacity">Cases that may be open at one time, 0 to 1000; cases already taken stay.</param>
    /// <param name="AwayUntil">No offers before this moment; null when available now.</param>
    internal sealed record PhysicianAvailability([property: Range(0, AdmitPhysician.MaxCapacity)] int Capacity, DateTimeOffset? AwayUntil);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/worklist/availability", Show)
            .AllowRoles(Roles.Physician)
            .Refuses(Problems.NotAdmitted)
            .GivesEtag()
            .WithName("ShowAvailability")
            .WithSummary("Show one's availability")
            .WithDescription("Its ETag goes into If-Match of the next change.");
        api.MapPut("/worklist/availability", Handle)
            .AllowRoles(Roles.Physician)
            .Refuses(Problems.NotAdmitted)
            .RequiresIfMatch()
            .WithName("ChangeAvailability")
            .WithSummary("Change one's availability")
            .WithDescription("Needs `If-Match`. Cases and offers already there are not touched.");
    }

    private static async Task<Results<Ok<PhysicianAvailability>, Problem>> Show(
        ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        if (await PhysicianRow.Find(db, user.PhysicianId()) is not { } referent)
        {
            return Problems.NotInRoster();
        }

        http.Response.Headers.ETag = Etags.Of(referent.Version);
        return TypedResults.Ok(new PhysicianAvailability(referent.Capacity, referent.AwayUntil));
    }

    private static async Task<Results<Ok<PhysicianAvailability>, Problem>> Handle(
        PhysicianAvailability request, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, TimeProvider time, CancellationToken cancel)
    {
        if (request.Capacity is < 0 or > AdmitPhysician.MaxCapacity)
        {
            return CommonProblems.Invalid(new FieldError(
                "#/capacity", "out_of_range", $"Le nombre de dossiers ouverts à la fois va de 0 à {AdmitPhysician.MaxCapacity}."));
        }

        return await dataSource.InTransaction<Results<Ok<PhysicianAvailability>, Problem>>(async db =>
        {
            var physicianId = user.PhysicianId();
            await db.ExecuteAsync("select from physician where physician_id = @physicianId for update", new { physicianId });
            if (await PhysicianRow.Find(db, physicianId) is not { } referent)
            {
                return Problems.NotInRoster();
            }

            if (Etags.Mismatch(http.Request, referent.Version) is { } mismatch)
            {
                return mismatch;
            }

            var awayUntil = request.AwayUntil?.ToUniversalTime();
            await db.ExecuteAsync(
                "update physician set capacity = @Capacity, away_until = @awayUntil, version = version + 1 where physician_id = @physicianId",
                new { physicianId, request.Capacity, awayUntil });
            await Outbox.Publish(db, physicianId, new AvailabilityChanged
            {
                PhysicianId = physicianId,
                Capacity = request.Capacity,
                AwayUntil = awayUntil,
                ChangedAt = time.GetUtcNow(),
            });
            http.Response.Headers.ETag = Etags.Of(referent.Version + 1);
            return TypedResults.Ok(request with { AwayUntil = awayUntil });
        }, cancel);
    }
}
