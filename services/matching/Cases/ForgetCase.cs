using Dapper;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Matching.Cases;

/// <summary>The case was erased: where and by whom its patient is treated leads to somebody, and is let go.</summary>
internal sealed class ForgetCase(Inbox inbox) : IHandle<CaseErased>
{
    public Task Handle(Delivery<CaseErased> delivery) => inbox.Once(delivery, nameof(ForgetCase), async db =>
    {
        await db.ExecuteAsync(
            "update matching_case set treating_establishment = null, involved_physicians = '{}', place_of_care = null where case_id = @CaseId",
            new { delivery.Event.CaseId });
        await Outbox.Forget(db, delivery.Event.CaseId);
    });
}
