using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Physician.Admission;

/// <summary>
/// The scientific council suspends a référent, or ends the suspension. From the next request on the physician reads nothing and writes nothing, whatever token
/// is shown, and matching offers nothing and gives the cases under way to somebody else.
/// </summary>
internal static class SuspendPhysician
{
    /// <summary>Whether a référent is suspended.</summary>
    /// <param name="Suspended">True to suspend, false to end the suspension.</param>
    internal sealed record SuspensionRequest(bool Suspended);

    /// <summary>A référent's suspension as it is now.</summary>
    /// <param name="PhysicianId">The référent.</param>
    /// <param name="SuspendedAt">Since when; null when not suspended.</param>
    internal sealed record PhysicianSuspension(Guid PhysicianId, DateTimeOffset? SuspendedAt);

    public static void Map(RouteGroupBuilder api) => api.MapPut("/physicians/{physicianId:guid}/suspension", Handle)
        .AllowRoles(Roles.Council)
        .WithName("SuspendPhysician")
        .WithSummary("Suspend a référent, or end the suspension")
        .WithDescription("Effective with the physician's next request. Repeating it changes nothing.");

    /// <summary>Asked before anything that a physician does: the state of the day decides, not the token.</summary>
    public static async ValueTask<object?> Require(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        await using (var db = await http.RequestServices.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync(http.RequestAborted))
        {
            if (await db.ExecuteScalarAsync<bool>(
                "select exists (select from physician where physician_id = @Me and suspended_at is not null)", new { Me = http.User.PhysicianId() }))
            {
                return Problems.SuspendedByCouncil();
            }
        }

        return await next(context);
    }

    /// <param name="physicianId">The référent.</param>
    private static Task<Results<Ok<PhysicianSuspension>, Problem>> Handle(
        Guid physicianId, SuspensionRequest request, ClaimsPrincipal user, NpgsqlDataSource dataSource, TimeProvider time, CancellationToken cancel) =>
        dataSource.InTransaction<Results<Ok<PhysicianSuspension>, Problem>>(async db =>
        {
            if (await PhysicianRow.Lock(db, physicianId) is not { } referent)
            {
                return CommonProblems.Absent();
            }

            var now = time.GetUtcNow();
            referent = await Change(db, user, referent, request.Suspended, now);
            return TypedResults.Ok(new PhysicianSuspension(physicianId, referent.SuspendedAt));
        }, cancel);

    /// <summary>Nothing when it is so already. The caller holds the physician's row.</summary>
    public static async Task<PhysicianRow> Change(NpgsqlConnection db, ClaimsPrincipal user, PhysicianRow referent, bool suspended, DateTimeOffset now)
    {
        if (suspended == referent.SuspendedAt is not null)
        {
            return referent;
        }

        referent = referent with { SuspendedAt = suspended ? now : null };
        await db.ExecuteAsync("update physician set suspended_at = @SuspendedAt, version = version + 1 where physician_id = @PhysicianId", referent);
        await AuditTrail.Record(db, user, suspended ? "suspend" : "reinstate", "physician", referent.PhysicianId, "scientific_council");
        await referent.TellAvailability(db, now);
        return referent;
    }
}
