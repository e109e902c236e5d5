using Dapper;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Matching.Watching;

/// <summary>The physician writes: the silence begins anew. Of a physician who no longer has the case it says nothing.</summary>
internal sealed class KeepSignOfWork(Inbox inbox, TimeProvider time) : IHandle<OpinionProgressed>
{
    public Task Handle(Delivery<OpinionProgressed> delivery) => inbox.Once(delivery, nameof(KeepSignOfWork), db => db.ExecuteAsync(
        """
        update matching_case c
        set worked_on_at = greatest(worked_on_at, @ProgressedAt), next_look_at = case when paused_since is null then @Now end
        where case_id = @CaseId and state = 'assigned'
          and exists (select from offer o where o.case_id = c.case_id and o.physician_id = @PhysicianId and o.state = 'accepted')
        """,
        new { delivery.Event.CaseId, delivery.Event.PhysicianId, delivery.Event.ProgressedAt, Now = time.GetUtcNow() }));
}
