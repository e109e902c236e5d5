using MassTransit;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.Reporting.Events;

namespace SecondOpinion.Reporting.Facts;

/// <summary>Events about physicians are logged and become no fact: nothing here counts or compares physicians.</summary>
internal sealed class FollowPhysicians(EventLog log) : IConsumer<PhysicianAdmitted>, IConsumer<AvailabilityChanged>
{
    public Task Consume(ConsumeContext<PhysicianAdmitted> context) =>
        log.Once(context, nameof(FollowPhysicians), caseId: null, context.Message.AdmittedAt);

    public Task Consume(ConsumeContext<AvailabilityChanged> context) =>
        log.Once(context, nameof(FollowPhysicians), caseId: null, context.Message.ChangedAt);
}
