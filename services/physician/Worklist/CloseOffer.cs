using Dapper;
using SecondOpinion.Contracts.Matching;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Physician.Worklist;

/// <summary>
/// Matching ended the offer: it leaves the worklist, accepted or not, and with it the right to read the file. What the physician declined stays declined, and
/// what was delivered stays delivered.
/// </summary>
internal sealed class CloseOffer(Inbox inbox) : IHandle<OfferClosed>
{
    public Task Handle(Delivery<OfferClosed> delivery) => inbox.Once(delivery, nameof(CloseOffer), db =>
    {
        var closed = delivery.Event;
        return db.ExecuteAsync(
            """
            insert into worklist_item (offer_id, case_id, physician_id, state, closed_reason)
            values (@OfferId, @CaseId, @PhysicianId, 'closed', @Reason)
            on conflict (offer_id) do update
            set state = 'closed', closed_reason = excluded.closed_reason
            where worklist_item.state in ('offered', 'accepted', 'assigned')
            """,
            new { closed.OfferId, closed.CaseId, closed.PhysicianId, closed.Reason });
    });
}
