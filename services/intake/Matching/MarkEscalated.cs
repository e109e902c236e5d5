using MassTransit;
using SecondOpinion.Contracts.Matching;
using SecondOpinion.Intake.Cases;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Intake.Matching;

/// <summary>A coordinator looks for a physician. Once one has accepted, an alert about the deadline changes nothing for the patient.</summary>
internal sealed class MarkEscalated(Inbox inbox, TimeProvider time) : IConsumer<CaseEscalated>
{
    public Task Consume(ConsumeContext<CaseEscalated> context) => inbox.Once(context, nameof(MarkEscalated), async db =>
    {
        if (await FollowMatching.IfNews(db, context.Message.CaseId, context.Message.EscalatedAt) is { } file)
        {
            await CaseTransition.IfAllowed(db, file, CaseMove.Escalate, time.GetUtcNow());
        }
    });
}
