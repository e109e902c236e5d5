using Dapper;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.Matching.Cases;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Matching.Offers;

/// <summary>The opinion is delivered: the physician's place is free for another case. A corrected version changes nothing.</summary>
internal sealed class FreePlaceOnDelivery(Inbox inbox, WaitingCases waiting, MatchingMetrics metrics) : IHandle<OpinionDelivered>
{
    public async Task Handle(Delivery<OpinionDelivered> delivery)
    {
        var delivered = delivery.Event;
        Guid? freed = null;
        await inbox.Once(delivery, nameof(FreePlaceOnDelivery), async db =>
        {
            if (await MatchingCase.Lock(db, delivered.CaseId) is not { } known || known.State.Value is MatchingState.Delivered or MatchingState.Withdrawn)
            {
                return;
            }

            // Signed while it was being given to somebody else: an opinion that is there is a fact, and nobody writes a second one.
            if (await Offer.Live(db, delivered.CaseId) is { } live && live.PhysicianId != delivered.PhysicianId)
            {
                await live.Close(db, live.State, OfferState.Withdrawn, delivered.DeliveredAt);
                metrics.OfferEnded(OfferState.Withdrawn);
                freed = live.PhysicianId;
            }

            // What the patient's answers took moved the end of the clock, and is not the physician's.
            var missed = await db.QueryFirstOrDefaultAsync<TimeSpan?>(
                """
                update offer
                set state = 'delivered', closed_at = @DeliveredAt,
                  turnaround = greatest(@DeliveredAt - accepted_at - (@DueAt - due_when_accepted), interval '0')
                where case_id = @CaseId and physician_id = @PhysicianId and state in ('accepted', 'replaced')
                returning @DeliveredAt - (predicted_at + (@DueAt - due_when_accepted))
                """,
                new { delivered.CaseId, delivered.PhysicianId, delivered.DeliveredAt, known.DueAt });
            if (missed is { } error)
            {
                metrics.PredictionMissed(error);
            }

            await (known with { State = MatchingState.Delivered, NextLookAt = null }).Save(db);
        });
        await waiting.LookAgain(delivered.PhysicianId);
        if (freed is { } physicianId)
        {
            await waiting.LookAgain(physicianId);
        }
    }
}
