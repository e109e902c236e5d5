using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Idempotency;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Physician.Worklist;

/// <summary>A physician accepts an offer. Matching, which owns offers, confirms it; the file opens with that confirmation.</summary>
internal static class AcceptOffer
{
    /// <summary>An offer that was answered.</summary>
    /// <param name="OfferId">The offer.</param>
    /// <param name="CaseId">The case.</param>
    /// <param name="State"><c>accepted</c> or <c>declined</c>.</param>
    /// <param name="AnsweredAt">When.</param>
    internal sealed record OfferAnswer(Guid OfferId, Guid CaseId, string State, DateTimeOffset AnsweredAt);

    public static void Map(RouteGroupBuilder api) => api.MapPost("/worklist/offers/{offerId:guid}/accept", Handle)
        .AllowRoles(Roles.Physician)
        .Refuses(Problems.OfferOver)
        .WithName("AcceptOffer")
        .WithSummary("Accept an offer")
        .WithDescription("No body. The file opens when the worklist shows the case as `assigned`, normally within a second.");

    /// <param name="offerId">The offer.</param>
    private static Task<Results<Once<Ok<OfferAnswer>>, Problem>> Handle(
        Guid offerId, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, TimeProvider time)
    {
        var physicianId = user.PhysicianId();
        return Idempotent.Run<string, Ok<OfferAnswer>>(dataSource, http, "accept", async db =>
        {
            var now = time.GetUtcNow();
            var caseId = await db.ExecuteScalarAsync<Guid?>(
                """
                update worklist_item
                set state = 'accepted', answered_at = @now
                where offer_id = @offerId and physician_id = @physicianId and state = 'offered' and expires_at > @now
                returning case_id
                """,
                new { offerId, physicianId, now });
            if (caseId is null)
            {
                return await WhyNot(db, offerId, physicianId);
            }

            await Outbox.Publish(db, caseId.Value, new OfferAccepted { OfferId = offerId, CaseId = caseId.Value, PhysicianId = physicianId, AcceptedAt = now });
            return TypedResults.Ok(new OfferAnswer(offerId, caseId.Value, WorklistState.Accepted.Word(), now));
        });
    }

    /// <summary>Absent and foreign offers answer alike; an own one says in which state it is.</summary>
    internal static async Task<Problem> WhyNot(NpgsqlConnection db, Guid offerId, Guid physicianId) =>
        await WorklistItem.OwnOffer(db, offerId, physicianId) is { } own
            ? Problems.OfferIs(own.State.Value)
            : CommonProblems.Absent();
}
