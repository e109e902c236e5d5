using Dapper;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.Matching.Cases;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Matching.Offers;

/// <summary>The opinion is delivered: the physician's place is free for another case. A corrected version changes nothing.</summary>
internal sealed class FreePlaceOnDelivery(Inbox inbox, WaitingCases waiting) : IHandle<OpinionDelivered>
{
    public async Task Handle(Delivery<OpinionDelivered> delivery)
    {
        var delivered = delivery.Event;
        await inbox.Once(delivery, nameof(FreePlaceOnDelivery), async db =>
        {
            if (await MatchingCase.Lock(db, delivered.CaseId) is not { State.Value: MatchingState.Assigned } assigned)
            {
                return;
            }

            await db.ExecuteAsync(
                "update offer set state = 'delivered', closed_at = @DeliveredAt where case_id = @CaseId and physician_id = @PhysicianId and state = 'accepted'",
                new { delivered.CaseId, delivered.PhysicianId, delivered.DeliveredAt });
            await (assigned with { State = MatchingState.Delivered, NextLookAt = null }).Save(db);
        });
        await waiting.LookAgain(delivered.PhysicianId);
    }
}
