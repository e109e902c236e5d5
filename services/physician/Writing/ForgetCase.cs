using Dapper;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Physician.Writing;

/// <summary>
/// The case was erased: its key is destroyed here too, so that drafts and signed versions open no more, in backups neither. The rows of what was signed stay,
/// since nothing changes them: that an opinion was given, when, and the hash of its PDF.
/// </summary>
internal sealed class ForgetCase(Inbox inbox) : IHandle<CaseErased>
{
    public Task Handle(Delivery<CaseErased> delivery) => inbox.Once(delivery, nameof(ForgetCase), async db =>
    {
        await db.ExecuteAsync(
            """
            delete from case_key where case_id = @CaseId;
            update opinion_draft set content = null, version = version + 1, saved_at = @ErasedAt where case_id = @CaseId and content is not null;
            """,
            new { delivery.Event.CaseId, delivery.Event.ErasedAt });
        await Outbox.Forget(db, delivery.Event.CaseId);
    });
}
