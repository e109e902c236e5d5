using Dapper;
using SecondOpinion.Contracts.Matching;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Physician.Worklist;

/// <summary>Nothing has been heard of an accepted case for some time: the worklist says so, and until when there is time.</summary>
internal sealed class KeepReminder(Inbox inbox) : IHandle<PhysicianReminded>
{
    public Task Handle(Delivery<PhysicianReminded> delivery) => inbox.Once(delivery, nameof(KeepReminder), db => db.ExecuteAsync(
        """
        update worklist_item
        set reminded_at = greatest(reminded_at, @RemindedAt), due_at = greatest(due_at, @DueAt)
        where offer_id = @OfferId and physician_id = @PhysicianId
        """,
        new { delivery.Event.OfferId, delivery.Event.PhysicianId, delivery.Event.RemindedAt, delivery.Event.DueAt }));
}
