using Dapper;
using SecondOpinion.Contracts.Matching;
using SecondOpinion.Intake.Cases;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Intake.Matching;

/// <summary>A physician has accepted: from now on this physician, and no other, may read the file.</summary>
internal sealed class MarkAssigned(Inbox inbox, TimeProvider time) : IHandle<CaseAssigned>
{
    public Task Handle(Delivery<CaseAssigned> delivery) => inbox.Once(delivery, nameof(MarkAssigned), async db =>
    {
        var message = delivery.Event;
        if (await CaseRows.AnyLocked(db, message.CaseId) is not { } file
            || file.State.Value is CaseState.Withdrawn or CaseState.Refused or CaseState.Redirected)
        {
            return;
        }

        // Also after delivery, when the opinion's message overtook this one; a later assignment replaces an earlier one; who was replaced never has it again.
        var assigned = await db.ExecuteAsync(
            """
            update case_file
            set assigned_physician = @PhysicianId,
                matching_seen_at = greatest(matching_seen_at, @AssignedAt),
                expected_ahead = due_at - @PredictedAt,
                choice_basis = @Basis,
                choice_considered = @Considered
            where id = @CaseId and (assigned_physician is null or matching_seen_at < @AssignedAt) and not @PhysicianId = any(replaced_physicians)
            """,
            new { message.CaseId, message.PhysicianId, message.AssignedAt, message.PredictedAt, message.Basis, message.Considered });
        if (assigned > 0)
        {
            await CaseTransition.IfAllowed(db, file, CaseMove.Assign, time.GetUtcNow());
        }
    });
}
