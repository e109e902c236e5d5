using SecondOpinion.Contracts.Physician;
using SecondOpinion.Matching.Cases;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Matching.Offers;

/// <summary>A physician declined: asks the next one, or calls the coordinator after three. The place goes back to the physician.</summary>
internal sealed class AskNextOnRefusal(Inbox inbox, NextChoice next, WaitingCases waiting, MatchingMetrics metrics, TimeProvider time) : IHandle<OfferDeclined>
{
    public async Task Handle(Delivery<OfferDeclined> delivery)
    {
        var declined = delivery.Event;
        await inbox.Once(delivery, nameof(AskNextOnRefusal), async db =>
        {
            var now = time.GetUtcNow();
            if (await MatchingCase.Lock(db, declined.CaseId) is { } wanted
                && await Offer.Find(db, declined.OfferId, declined.CaseId, declined.PhysicianId) is { } offer
                && await offer.Close(db, OfferState.Open, OfferState.Declined, now))
            {
                metrics.OfferEnded(OfferState.Declined);
                await next.Advance(db, wanted with { State = MatchingState.Waiting }, now);
            }
        });
        await waiting.LookAgain(declined.PhysicianId);
    }
}
