using Dapper;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Physician.Sharing;

/// <summary>
/// The patient changed their mind about sharing: what was held for it is looked at again. Nothing is decided here: before an opinion leaves, intake is asked
/// anew, so that a message that comes late changes nothing.
/// </summary>
internal sealed class WakeSharing(Inbox inbox) : IHandle<ConsentChanged>
{
    public Task Handle(Delivery<ConsentChanged> delivery) => inbox.Once(delivery, nameof(WakeSharing), db =>
    {
        var changed = delivery.Event;
        return changed is { Purpose: "sharing_with_treating_physician" or "processing", Granted: true }
            ? db.ExecuteAsync(
                """
                update opinion_share
                set state = 'waiting', reason = null, attempts = 0, next_attempt_at = @ChangedAt
                where case_id = @CaseId and state = 'held'
                """,
                new { changed.CaseId, changed.ChangedAt })
            : Task.CompletedTask;
    });
}
