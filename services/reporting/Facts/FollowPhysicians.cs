using SecondOpinion.Contracts.Physician;
using SecondOpinion.Reporting.Events;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Reporting.Facts;

/// <summary>Events about physicians are logged and become no fact: nothing here counts or compares physicians.</summary>
internal sealed class FollowPhysicians(EventLog log) : IHandle<PhysicianAdmitted>, IHandle<AvailabilityChanged>
{
    public Task Handle(Delivery<PhysicianAdmitted> delivery) =>
        log.Once(delivery, nameof(FollowPhysicians), caseId: null, delivery.Event.AdmittedAt);

    public Task Handle(Delivery<AvailabilityChanged> delivery) =>
        log.Once(delivery, nameof(FollowPhysicians), caseId: null, delivery.Event.ChangedAt);
}
