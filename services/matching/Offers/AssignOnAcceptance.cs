using Dapper;
using SecondOpinion.Contracts.Matching;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.Matching.Cases;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Matching.Offers;

/// <summary>
/// A physician accepted: the case is assigned if the offer is still open. Offers are matching's own, so this is the one place that decides it.
/// </summary>
internal sealed partial class AssignOnAcceptance(
    Inbox inbox, NextChoice next, MatchingMetrics metrics, TimeProvider time, ILogger<AssignOnAcceptance> logger)
    : IHandle<OfferAccepted>
{
    public Task Handle(Delivery<OfferAccepted> delivery) => inbox.Once(delivery, nameof(AssignOnAcceptance), async db =>
    {
        var accepted = delivery.Event;
        var wanted = await MatchingCase.Lock(db, accepted.CaseId);
        var won = await db.ExecuteAsync(
            """
            update offer
            set state = 'accepted'
            where offer_id = @OfferId and case_id = @CaseId and physician_id = @PhysicianId and state = 'open'
            """,
            new { accepted.OfferId, accepted.CaseId, accepted.PhysicianId });
        if (wanted is null || won == 0)
        {
            // Told twice, or it had ended meanwhile; then OfferClosed has gone out and closes the physician's own row.
            Log.TooLate(logger, accepted.OfferId);
            return;
        }

        var now = time.GetUtcNow();
        await Outbox.Publish(db, accepted.CaseId, new CaseAssigned
        {
            OfferId = accepted.OfferId,
            CaseId = accepted.CaseId,
            PhysicianId = accepted.PhysicianId,
            AssignedAt = now,
        });
        metrics.OfferEnded(OfferState.Accepted);
        // Watched from now on.
        await next.Advance(db, wanted with { State = MatchingState.Assigned, AssignedAt = now, WorkedOnAt = null, RemindedAt = null }, now);
    });

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Offer {OfferId} was accepted too late, or twice")]
        public static partial void TooLate(ILogger logger, Guid offerId);
    }
}
