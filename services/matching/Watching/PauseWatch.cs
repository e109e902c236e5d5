using Dapper;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Matching.Watching;

/// <summary>
/// The physician asks the patient: the clock stands still, and the watch with it. A question whose answer was heard before it pauses nothing.
/// </summary>
internal sealed class PauseWatch(Inbox inbox) : IHandle<InformationRequested>
{
    public Task Handle(Delivery<InformationRequested> delivery) => inbox.Once(delivery, nameof(PauseWatch), db => db.ExecuteAsync(
        """
        update matching_case
        set paused_since = @RequestedAt, worked_on_at = greatest(worked_on_at, @RequestedAt), next_look_at = null
        where case_id = @CaseId and state = 'assigned' and (answered_at is null or answered_at < @RequestedAt)
        """,
        new { delivery.Event.CaseId, delivery.Event.RequestedAt }));
}
