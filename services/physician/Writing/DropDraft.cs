using Dapper;
using SecondOpinion.Contracts.Matching;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Physician.Writing;

/// <summary>
/// The case is no longer this physician's: what they wrote of it is emptied, since nobody goes on with another's words. Who signed keeps the draft of a
/// correction.
/// </summary>
internal sealed class DropDraft(Inbox inbox) : IHandle<OfferClosed>
{
    public Task Handle(Delivery<OfferClosed> delivery) => inbox.Once(delivery, nameof(DropDraft), db => db.ExecuteAsync(
        """
        update opinion_draft
        set content = null, version = version + 1, saved_at = @ClosedAt
        where case_id = @CaseId and physician_id = @PhysicianId and content is not null
          and not exists (select from opinion o where o.case_id = @CaseId and o.physician_id = @PhysicianId)
        """,
        new { delivery.Event.CaseId, delivery.Event.PhysicianId, delivery.Event.ClosedAt }));
}
