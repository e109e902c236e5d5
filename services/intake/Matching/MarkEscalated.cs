using SecondOpinion.Contracts.Matching;
using SecondOpinion.Intake.Cases;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Intake.Matching;

/// <summary>A coordinator looks for a physician. Once one has accepted, an alert about the deadline changes nothing for the patient.</summary>
internal sealed class MarkEscalated(Inbox inbox, TimeProvider time) : IHandle<CaseEscalated>
{
    public Task Handle(Delivery<CaseEscalated> delivery) => inbox.Once(delivery, nameof(MarkEscalated), async db =>
    {
        if (await FollowMatching.IfNews(db, delivery.Event.CaseId, delivery.Event.EscalatedAt) is { } file)
        {
            await CaseTransition.IfAllowed(db, file, CaseMove.Escalate, time.GetUtcNow());
        }
    });
}
