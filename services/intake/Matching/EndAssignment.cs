using Dapper;
using SecondOpinion.Contracts.Matching;
using SecondOpinion.Intake.Cases;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Intake.Matching;

/// <summary>
/// The physician who accepted is replaced: from now on the file is closed to them, whatever message comes late, and the patient's clock runs on.
/// </summary>
internal sealed class EndAssignment(Inbox inbox, TimeProvider time) : IHandle<OfferClosed>
{
    private const string Replaced = "replaced";

    public Task Handle(Delivery<OfferClosed> delivery) => inbox.Once(delivery, nameof(EndAssignment), async db =>
    {
        var closed = delivery.Event;
        if (closed.Reason != Replaced || await CaseRows.AnyLocked(db, closed.CaseId) is not { } file)
        {
            return;
        }

        await db.ExecuteAsync(
            "update case_file set replaced_physicians = replaced_physicians || @PhysicianId where id = @CaseId",
            new { closed.CaseId, closed.PhysicianId });
        if (file.AssignedPhysician != closed.PhysicianId || file.State.Value is CaseState.Delivered or CaseState.Closed)
        {
            return;
        }

        var now = time.GetUtcNow();
        // A question of somebody who has gone waits for nothing; whoever follows asks anew.
        await db.ExecuteAsync(
            """
            update case_file
            set assigned_physician = null, expected_ahead = null, choice_basis = null, choice_considered = null
            where id = @CaseId;
            update information_request set lapsed_at = @now where case_id = @CaseId and provided_at is null and lapsed_at is null;
            """,
            new { closed.CaseId, now });
        await CaseTransition.IfAllowed(db, file, CaseMove.Replace, now);
    });
}
