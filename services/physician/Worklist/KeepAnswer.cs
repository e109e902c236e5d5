using Dapper;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Physician.Worklist;

/// <summary>The patient answered: the case waits for the physician again, with a later end of its clock.</summary>
internal sealed class KeepAnswer(Inbox inbox) : IHandle<InformationProvided>
{
    public Task Handle(Delivery<InformationProvided> delivery) => inbox.Once(delivery, nameof(KeepAnswer), async db =>
    {
        var provided = delivery.Event;
        // The answer may be told before the question was recorded here: the question reaches intake first.
        await db.ExecuteAsync(
            """
            insert into information_request (request_id, case_id, physician_id, provided_at)
            values (@RequestId, @CaseId, @PhysicianId, @ProvidedAt)
            on conflict (request_id) do update
            set provided_at = excluded.provided_at
            where information_request.provided_at is null
            """,
            new { provided.RequestId, provided.CaseId, provided.PhysicianId, provided.ProvidedAt });
        await db.ExecuteAsync(
            "update worklist_item set due_at = greatest(due_at, @DueAt) where case_id = @CaseId and physician_id = @PhysicianId and state = 'assigned'",
            new { provided.CaseId, provided.PhysicianId, provided.DueAt });
    });
}
