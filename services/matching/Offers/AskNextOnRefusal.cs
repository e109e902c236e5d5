using MassTransit;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.Matching.Cases;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Matching.Offers;

/// <summary>A physician declined: asks the next one, or calls the coordinator after three. The place goes back to the physician.</summary>
internal sealed class AskNextOnRefusal(Inbox inbox, NextChoice next, WaitingCases waiting, MatchingMetrics metrics, TimeProvider time) : IConsumer<OfferDeclined>
{
    public async Task Consume(ConsumeContext<OfferDeclined> context)
    {
        var declined = context.Message;
        await inbox.Once(context, nameof(AskNextOnRefusal), async db =>
        {
            var now = time.GetUtcNow();
            if (await MatchingCase.Lock(db, declined.CaseId) is { } wanted
                && await Offer.Close(db, declined.OfferId, declined.CaseId, declined.PhysicianId, Offer.Open, Offer.Declined, now))
            {
                metrics.OfferEnded(Offer.Declined);
                await next.MoveOn(db, wanted with { State = MatchingCase.Waiting }, now);
            }
        });
        await waiting.LookAgain(declined.PhysicianId);
    }
}
