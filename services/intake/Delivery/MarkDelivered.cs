using Dapper;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.Intake.Cases;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Intake.Delivery;

/// <summary>The opinion is there: the clock stops. A correction is a later version of the same opinion and moves nothing.</summary>
internal sealed class MarkDelivered(Inbox inbox, PromiseMetrics promise) : IHandle<OpinionDelivered>
{
    public async Task Handle(Delivery<OpinionDelivered> delivery)
    {
        CaseRow? delivered = null;
        await inbox.Once(delivery, nameof(MarkDelivered), async db =>
        {
            var message = delivery.Event;
            if (await CaseRows.AnyLocked(db, message.CaseId) is not { } file)
            {
                return;
            }

            await db.ExecuteAsync(
                """
                update case_file
                set opinion_id = @OpinionId,
                    -- Whoever signed, also while being replaced: the corrections are theirs.
                    assigned_physician = @PhysicianId
                where id = @CaseId
                """,
                new { message.CaseId, message.OpinionId, message.PhysicianId });
            // The clock stops when the physician signed, however long the message took.
            delivered = await CaseTransition.IfAllowed(db, file, CaseMove.Deliver, message.DeliveredAt);
        });
        if (delivered?.Clock is { } clock)
        {
            // Counted once it is committed.
            promise.Delivered(clock);
        }
    }
}
