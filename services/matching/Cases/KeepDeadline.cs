using Dapper;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Matching.Cases;

/// <summary>The clock stood still while the physician waited for the patient: keeps the later end.</summary>
internal sealed class KeepDeadline(Inbox inbox) : IHandle<InformationProvided>
{
    public Task Handle(Delivery<InformationProvided> delivery) => inbox.Once(delivery, nameof(KeepDeadline), db =>
        db.ExecuteAsync(
            // Pauses only ever move the end later, so the latest end is the right one in whatever order the answers arrive.
            "update matching_case set due_at = greatest(due_at, @DueAt) where case_id = @CaseId and state = 'assigned'",
            new { delivery.Event.CaseId, delivery.Event.DueAt }));
}
