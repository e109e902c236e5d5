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
    /// <summary>Why an offer is declined.</summary>
    /// <param name="Reason">A code; it never counts against the physician.</param>
    internal sealed record DeclineOfferRequest(DeclineReason Reason);

    /// <summary>Why an offer is declined.</summary>
    internal enum DeclineReason
    {
        /// <summary>No time for it.</summary>
        [JsonStringEnumMemberName("unavailable")]
        Unavailable,

        /// <summary>Another expert knows more about it.</summary>
        [JsonStringEnumMemberName("not_my_field")]
        NotMyField,

        /// <summary>A tie to the patient or to who treats them.</summary>
        [JsonStringEnumMemberName("conflict_of_interest")]
        ConflictOfInterest,

        /// <summary>Anything else.</summary>
        [JsonStringEnumMemberName("other")]
        Other,
    }

    public static void Map(RouteGroupBuilder api) => api.MapPost("/worklist/offers/{offerId:guid}/decline", Handle)
        .AllowRoles(Roles.Physician)
        .Refuses(Problems.OfferOver)
        .WithName("DeclineOffer")
        .WithSummary("Decline an offer")
        .WithDescription("The reason is a code and never counts against the physician.");

    /// <param name="offerId">The offer.</param>
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
