using Dapper;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Billing.Coverage;

/// <summary>
/// The case was erased: its cover no longer leads to the person and the family. Uses stay counted; what was booked stays, as accounts are kept ten years.
/// </summary>
internal sealed class ForgetCase(Inbox inbox) : IHandle<CaseErased>
{
    public Task Handle(Delivery<CaseErased> delivery) => inbox.Once(delivery, nameof(ForgetCase), async db =>
    {
        var caseId = delivery.Event.CaseId;
        await ReleaseOnWithdrawal.LockCase(db, caseId);
        // The withdrawal may come later: the use is given back while it is known whose it is.
        await ReleaseCoverage.End(db, caseId, CoverageState.Released, delivery.Event.ErasedAt);
        await db.ExecuteAsync("update coverage set person_id = gen_random_uuid(), family_id = gen_random_uuid() where case_id = @caseId", new { caseId });
        await FundCover.Release(db, caseId, delivery.Event.ErasedAt);
        await FundCover.Forget(db, caseId);
        await SelfPayCover.Release(db, caseId, delivery.Event.ErasedAt);
        await SelfPayCover.Forget(db, caseId);
        await Outbox.Forget(db, caseId);
    });
}
