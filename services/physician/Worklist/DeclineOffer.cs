using System.Security.Claims;
using System.Text.Json.Serialization;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Idempotency;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Physician.Worklist;

/// <summary>A physician declines an offer with a reason; matching asks the next one.</summary>
internal static class DeclineOffer
{
    internal sealed record DeclineOfferRequest(DeclineReason Reason);

    internal enum DeclineReason
    {
        [JsonStringEnumMemberName("unavailable")]
        Unavailable,

        [JsonStringEnumMemberName("not_my_field")]
        NotMyField,

        [JsonStringEnumMemberName("conflict_of_interest")]
        ConflictOfInterest,

        [JsonStringEnumMemberName("other")]
        Other,
    }

    public static void Map(RouteGroupBuilder api) => api.MapPost("/worklist/offers/{offerId:guid}/decline", Handle)
        .AllowRoles(Access.Physician)
        .WithName("DeclineOffer")
        .WithSummary("Decline an offer")
        .WithDescription("The reason is a code and never counts against the physician.");

    private static Task<Results<Once<Ok<AcceptOffer.OfferAnswer>>, Problem>> Handle(
        Guid offerId, DeclineOfferRequest request, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, TimeProvider time)
    {
        var physicianId = user.PhysicianId();
        return Idempotent.Run<DeclineOfferRequest, Ok<AcceptOffer.OfferAnswer>>(dataSource, http, request, async db =>
        {
            var now = time.GetUtcNow();
            Word<DeclineReason> reason = request.Reason;
            var caseId = await db.ExecuteScalarAsync<Guid?>(
                """
                update worklist_item
                set state = 'declined', answered_at = @now, decline_reason = @reason
                where offer_id = @offerId and physician_id = @physicianId and state = 'offered' and expires_at > @now
                returning case_id
                """,
                new { offerId, physicianId, now, reason });
            if (caseId is null)
            {
                return await AcceptOffer.WhyNot(db, offerId, physicianId);
            }

            await Outbox.Publish(db, caseId.Value, new OfferDeclined
            {
                OfferId = offerId,
                CaseId = caseId.Value,
                PhysicianId = physicianId,
                Reason = reason.Text,
                DeclinedAt = now,
            });
            return TypedResults.Ok(new AcceptOffer.OfferAnswer(offerId, caseId.Value, WorklistState.Declined.Word(), now));
        });
    }
}
