using Dapper;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Billing.Ledger;

/// <summary>Hears that an opinion was delivered: consumes the reserved use and books both sides. A correction (version 2 and on) costs nothing.</summary>
internal sealed class BookDeliveredOpinion(Inbox inbox, BookOpinion book) : IHandle<OpinionDelivered>
{
    public Task Handle(Delivery<OpinionDelivered> delivery) => inbox.Once(delivery, nameof(BookDeliveredOpinion), async db =>
    {
        var opinion = delivery.Event;
        if (opinion.Version > 1)
        {
            return;
        }

        // One opinion a case, for good: the key also stops a second event with another message id.
        await db.ExecuteAsync(
            """
            insert into delivered_opinion (case_id, opinion_id, physician_id, delivered_at)
            values (@CaseId, @OpinionId, @PhysicianId, @DeliveredAt)
            on conflict do nothing
            """, opinion);
        await book.BookIfDelivered(db, opinion.CaseId);
    });
}
