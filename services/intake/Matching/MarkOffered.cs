using SecondOpinion.Contracts.Matching;
using SecondOpinion.Intake.Cases;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Intake.Matching;

/// <summary>A physician is being asked.</summary>
internal sealed class MarkOffered(Inbox inbox, TimeProvider time) : IHandle<CaseOffered>
{
    public Task Handle(Delivery<CaseOffered> delivery) => inbox.Once(delivery, nameof(MarkOffered), async db =>
    {
        if (await FollowMatching.IfNews(db, delivery.Event.CaseId, delivery.Event.OfferedAt) is { } file)
        {
            await CaseTransition.IfAllowed(db, file, CaseMove.Offer, time.GetUtcNow());
        }
    });
}
