using Dapper;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Matching.Cases;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Matching.Offers;

/// <summary>The patient withdrew: the live offer, accepted or not, is closed and the physician's place is free.</summary>
internal sealed class CloseWithdrawnCase(Inbox inbox, WaitingCases waiting, MatchingMetrics metrics, TimeProvider time) : IHandle<CaseWithdrawn>
{
    public async Task Handle(Delivery<CaseWithdrawn> delivery)
    {
        Guid? freed = null;
        await inbox.Once(delivery, nameof(CloseWithdrawnCase), async db =>
        {
            var caseId = delivery.Event.CaseId;
            // A withdrawal may overtake the completion: its row then waits for it and refuses it.
            await db.ExecuteAsync("insert into matching_case (case_id, state) values (@caseId, 'withdrawn') on conflict (case_id) do nothing", new { caseId });
            var withdrawn = (await MatchingCase.Lock(db, caseId))!;
            if (withdrawn.State.Value is MatchingState.Withdrawn or MatchingState.Delivered)
            {
                return;
            }

            if (await Offer.Live(db, caseId) is { } live)
            {
                await live.Close(db, live.State, OfferState.Withdrawn, time.GetUtcNow());
                metrics.OfferEnded(OfferState.Withdrawn);
                freed = live.PhysicianId;
            }

            await (withdrawn with { State = MatchingState.Withdrawn, NextLookAt = null }).Save(db);
        });
        if (freed is { } physicianId)
        {
            await waiting.LookAgain(physicianId);
        }
    }
}
