using Dapper;
using MassTransit;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Matching.Cases;

/// <summary>The clock stood still while the physician waited for the patient: keeps the later end.</summary>
internal sealed class KeepDeadline(Inbox inbox) : IConsumer<InformationProvided>
{
    public Task Consume(ConsumeContext<InformationProvided> context) => inbox.Once(context, nameof(KeepDeadline), db =>
        db.ExecuteAsync(
            // Pauses only ever move the end later, so the latest end is the right one in whatever order the answers arrive.
            "update matching_case set due_at = greatest(due_at, @DueAt) where case_id = @CaseId and state = 'assigned'",
            new { context.Message.CaseId, context.Message.DueAt }));
}
