using Dapper;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Physician.Sharing;

/// <summary>The case was erased: what has not left cannot leave any more. That something was sent, and when, stays.</summary>
internal sealed class ForgetSharing(Inbox inbox) : IHandle<CaseErased>
{
    public Task Handle(Delivery<CaseErased> delivery) => inbox.Once(delivery, nameof(ForgetSharing), db => db.ExecuteAsync(
        """
        update opinion_share
        set state = 'ended', reason = 'case_over', next_attempt_at = null
        where case_id = @CaseId and state in ('waiting', 'held')
        """,
        new { delivery.Event.CaseId }));
}
