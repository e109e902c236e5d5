using Dapper;
using SecondOpinion.Contracts.Matching;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.Reporting.Events;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Reporting.Facts;

/// <summary>How a case finds its physician: offers, answers, assignment, escalation. The physician's id stays in the log and out of the facts.</summary>
internal sealed class FollowOffers(EventLog log)
    : IHandle<CaseOffered>, IHandle<OfferAccepted>, IHandle<OfferDeclined>, IHandle<OfferClosed>, IHandle<CaseAssigned>, IHandle<CaseEscalated>,
        IHandle<PhysicianReminded>
{
    public Task Handle(Delivery<CaseOffered> delivery)
    {
        var e = delivery.Event;
        return log.Once(delivery, nameof(FollowOffers), e.CaseId, e.OfferedAt, db => db.ExecuteAsync(
            """
            insert into offer_fact (offer_id, case_id, rank, offered_at)
            values (@OfferId, @CaseId, @Rank, @OfferedAt)
            on conflict (offer_id) do update set rank = excluded.rank, offered_at = excluded.offered_at;

            insert into case_fact (case_id, pathology_code, first_offered_at)
            values (@CaseId, @PathologyCode, @OfferedAt)
            on conflict (case_id) do update set
              pathology_code = coalesce(case_fact.pathology_code, excluded.pathology_code),
              first_offered_at = least(case_fact.first_offered_at, excluded.first_offered_at)
            """,
            new { e.OfferId, e.CaseId, e.Rank, e.PathologyCode, e.OfferedAt }));
    }

    public Task Handle(Delivery<OfferAccepted> delivery)
    {
        var e = delivery.Event;
        return log.Once(delivery, nameof(FollowOffers), e.CaseId, e.AcceptedAt, db => db.ExecuteAsync(
            """
            insert into offer_fact (offer_id, case_id, accepted_at)
            values (@OfferId, @CaseId, @AcceptedAt)
            on conflict (offer_id) do update set accepted_at = excluded.accepted_at
            """,
            new { e.OfferId, e.CaseId, e.AcceptedAt }));
    }

    public Task Handle(Delivery<OfferDeclined> delivery)
    {
        var e = delivery.Event;
        return log.Once(delivery, nameof(FollowOffers), e.CaseId, e.DeclinedAt, db => db.ExecuteAsync(
            """
            insert into offer_fact (offer_id, case_id, declined_at, decline_reason)
            values (@OfferId, @CaseId, @DeclinedAt, @Reason)
            on conflict (offer_id) do update set declined_at = excluded.declined_at, decline_reason = excluded.decline_reason
            """,
            new { e.OfferId, e.CaseId, e.Reason, e.DeclinedAt }));
    }

    public Task Handle(Delivery<OfferClosed> delivery)
    {
        var e = delivery.Event;
        return log.Once(delivery, nameof(FollowOffers), e.CaseId, e.ClosedAt, db => db.ExecuteAsync(
            """
            insert into offer_fact (offer_id, case_id, closed_at, close_reason)
            values (@OfferId, @CaseId, @ClosedAt, @Reason)
            on conflict (offer_id) do update set closed_at = excluded.closed_at, close_reason = excluded.close_reason
            """,
            new { e.OfferId, e.CaseId, e.Reason, e.ClosedAt }));
    }

    public Task Handle(Delivery<CaseAssigned> delivery)
    {
        var e = delivery.Event;
        return log.Once(delivery, nameof(FollowOffers), e.CaseId, e.AssignedAt, db => db.ExecuteAsync(
            """
            insert into case_fact (case_id, assigned_at)
            values (@CaseId, @AssignedAt)
            on conflict (case_id) do update set assigned_at = greatest(case_fact.assigned_at, excluded.assigned_at)
            """,
            new { e.CaseId, e.AssignedAt }));
    }

    public Task Handle(Delivery<CaseEscalated> delivery)
    {
        var e = delivery.Event;
        return log.Once(delivery, nameof(FollowOffers), e.CaseId, e.EscalatedAt, db => db.ExecuteAsync(
            """
            insert into case_fact (case_id, escalated_at)
            values (@CaseId, @EscalatedAt)
            on conflict (case_id) do update set escalated_at = least(case_fact.escalated_at, excluded.escalated_at)
            """,
            new { e.CaseId, e.EscalatedAt }));
    }

    /// <summary>Logged; nothing here counts or compares physicians.</summary>
    public Task Handle(Delivery<PhysicianReminded> delivery) =>
        log.Once(delivery, nameof(FollowOffers), delivery.Event.CaseId, delivery.Event.RemindedAt);
}
