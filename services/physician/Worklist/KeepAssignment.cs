using Dapper;
using SecondOpinion.Contracts.Matching;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Physician.Worklist;

/// <summary>Matching confirms the acceptance: from now on the physician may read the file. A case that was closed since stays closed; one
/// whose opinion a physician signed while being replaced needs no other.</summary>
internal sealed class KeepAssignment(Inbox inbox) : IHandle<CaseAssigned>
{
    public Task Handle(Delivery<CaseAssigned> delivery) => inbox.Once(delivery, nameof(KeepAssignment), db =>
    {
        var assigned = delivery.Event;
        return db.ExecuteAsync(
            """
            insert into worklist_item (offer_id, case_id, physician_id, state, assigned_at)
            select @OfferId, @CaseId, @PhysicianId, 'assigned', @AssignedAt
            where not exists (
              select from worklist_item signed where signed.case_id = @CaseId and signed.offer_id <> @OfferId and signed.state = 'delivered')
            on conflict (offer_id) do update
            set state = 'assigned', assigned_at = excluded.assigned_at
            where worklist_item.state in ('offered', 'accepted')
            """,
            new { assigned.OfferId, assigned.CaseId, assigned.PhysicianId, assigned.AssignedAt });
    });
}
