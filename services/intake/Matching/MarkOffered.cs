using MassTransit;
using SecondOpinion.Contracts.Matching;
using SecondOpinion.Intake.Cases;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Intake.Matching;

/// <summary>A physician is being asked.</summary>
internal sealed class MarkOffered(Inbox inbox, TimeProvider time) : IConsumer<CaseOffered>
{
    public Task Consume(ConsumeContext<CaseOffered> context) => inbox.Once(context, nameof(MarkOffered), async db =>
    {
        if (await FollowMatching.IfNews(db, context.Message.CaseId, context.Message.OfferedAt) is { } file)
        {
            await CaseTransition.IfAllowed(db, file, CaseMove.Offer, time.GetUtcNow());
        }
    });
}
