using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Physician.Admission;

/// <summary>Days on which a référent does not work.</summary>
/// <param name="From">The first day.</param>
/// <param name="Until">The last day, at most a year after the first.</param>
internal sealed record PhysicianLeave(DateOnly From, DateOnly Until)
{
    public static IReadOnlyList<PhysicianLeave> Read(string[] kept) => [.. kept.Select(Leave.Parse).Select(l => new PhysicianLeave(l.From, l.Until))];
}

/// <summary>A référent says how many cases to take, when not to work, and until when to be left alone.</summary>
internal static class ChangeAvailability
{
    /// <summary>How much a physician takes on.</summary>
    /// <param name="Capacity">Cases that may be open at one time, 0 to 1000; cases already taken stay.</param>
    /// <param name="AwayUntil">No offers before this moment, from now on; null when available now.</param>
    /// <param name="WeeklyCapacity">New cases in seven days, at most, 0 to 1000; null when only the open ones count.</param>
    /// <param name="Leaves">Days of leave to come. A case is offered only with two working days left before its seven days end; weekends and French public
    /// holidays never count. None when left out.</param>
    internal sealed record PhysicianAvailability(
        [property: Range(0, PhysicianRow.MaxCapacity)] int Capacity,
        DateTimeOffset? AwayUntil,
        [property: Range(0, PhysicianRow.MaxCapacity)] int? WeeklyCapacity = null,
        [property: MaxLength(ChangeAvailability.MostLeaves)] IReadOnlyList<PhysicianLeave>? Leaves = null);

    internal const int MostLeaves = 50;

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
            .WithDescription("Needs `If-Match`. Cases and offers already there are not touched; leave that is over is forgotten.");
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
        return TypedResults.Ok(Of(referent));
    }

    private static async Task<Results<Ok<PhysicianAvailability>, Problem>> Handle(
        PhysicianAvailability request, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, TimeProvider time, CancellationToken cancel)
    {
        if (Faults(request).ToArray() is [_, ..] errors)
        {
            return CommonProblems.Invalid(errors);
        }

        return await dataSource.InTransaction<Results<Ok<PhysicianAvailability>, Problem>>(async db =>
        {
            if (await PhysicianRow.Lock(db, user.PhysicianId()) is not { } referent)
            {
                return Problems.NotInRoster();
            }

            if (Etags.Mismatch(http.Request, referent.Version) is { } mismatch)
            {
                return mismatch;
            }

            var now = time.GetUtcNow();
            referent = referent with
            {
                Capacity = request.Capacity,
                WeeklyCapacity = request.WeeklyCapacity,
                Leaves =
                [
                    .. (request.Leaves ?? []).Where(l => l.Until >= FrenchTime.Day(now)).OrderBy(l => l.From)
                        .Select(l => new Leave(l.From, l.Until).ToString()),
                ],
                AwayUntil = request.AwayUntil?.ToUniversalTime(),
                Version = referent.Version + 1,
            };
            await db.ExecuteAsync(
                """
                update physician
                set capacity = @Capacity, weekly_capacity = @WeeklyCapacity, leaves = @Leaves, away_until = @AwayUntil, version = @Version
                where physician_id = @PhysicianId
                """,
                referent);
            await referent.TellAvailability(db, now);
            http.Response.Headers.ETag = Etags.Of(referent.Version);
            return TypedResults.Ok(Of(referent));
        }, cancel);
    }

    private static PhysicianAvailability Of(PhysicianRow referent) =>
        new(referent.Capacity, referent.AwayUntil, referent.WeeklyCapacity, PhysicianLeave.Read(referent.Leaves));

    private static IEnumerable<FieldError> Faults(PhysicianAvailability request)
    {
        if (request.Capacity is < 0 or > PhysicianRow.MaxCapacity)
        {
            yield return new FieldError("#/capacity", "out_of_range", $"Le nombre de dossiers ouverts à la fois va de 0 à {PhysicianRow.MaxCapacity}.");
        }

        if (request.WeeklyCapacity is < 0 or > PhysicianRow.MaxCapacity)
        {
            yield return new FieldError(
                "#/weeklyCapacity", "out_of_range", $"Le nombre de nouveaux dossiers par semaine va de 0 à {PhysicianRow.MaxCapacity}.");
        }

        if (request.Leaves is { Count: > MostLeaves })
        {
            yield return new FieldError("#/leaves", "invalid_length", $"Au plus {MostLeaves} congés.");
        }

        foreach (var (index, leave) in (request.Leaves ?? []).Index())
        {
            if (leave.Until < leave.From || leave.Until > leave.From.AddYears(1))
            {
                yield return new FieldError(
                    $"#/leaves/{index}", "invalid_period", "Un congé va d'un premier à un dernier jour, au plus un an plus tard.");
            }
        }
    }
}
