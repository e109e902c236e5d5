using Dapper;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.Reporting.Events;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Reporting.Facts;

/// <summary>The opinion: waiting for information, delivery, outcome. The first delivery stops the clock; the latest version's outcome counts.</summary>
internal sealed class FollowOpinions(EventLog log)
    : IHandle<InformationRequested>, IHandle<OpinionProgressed>, IHandle<OpinionDelivered>, IHandle<OpinionOutcomeRecorded>
{
    public Task Handle(Delivery<InformationRequested> delivery)
    {
        var e = delivery.Event;
        return log.Once(delivery, nameof(FollowOpinions), e.CaseId, e.RequestedAt, db => db.ExecuteAsync(
            """
            insert into information_wait_fact (request_id, case_id, requested_at)
            values (@RequestId, @CaseId, @RequestedAt)
            on conflict (request_id) do update set requested_at = excluded.requested_at
            """,
            new { e.RequestId, e.CaseId, e.RequestedAt }));
    }

    public Task Handle(Delivery<OpinionDelivered> delivery)
    {
        var e = delivery.Event;
        return log.Once(delivery, nameof(FollowOpinions), e.CaseId, e.DeliveredAt, db => db.ExecuteAsync(
            """
            insert into case_fact (case_id, opinion_version, delivered_at)
            values (@CaseId, @Version, @DeliveredAt)
            on conflict (case_id) do update set
              opinion_version = greatest(case_fact.opinion_version, excluded.opinion_version),
              delivered_at = least(case_fact.delivered_at, excluded.delivered_at)
            """,
            new { e.CaseId, e.Version, e.DeliveredAt }));
    }

    public Task Handle(Delivery<OpinionOutcomeRecorded> delivery)
    {
        var e = delivery.Event;
        return log.Once(delivery, nameof(FollowOpinions), e.CaseId, e.RecordedAt, db => db.ExecuteAsync(
            """
            insert into case_fact (case_id, pathology_code, outcome_version, diagnosis, treatment, impact)
            values (@CaseId, @PathologyCode, @Version, @Diagnosis, @Treatment, @Impact)
            on conflict (case_id) do update set
              pathology_code = coalesce(case_fact.pathology_code, excluded.pathology_code),
              outcome_version = excluded.outcome_version,
              diagnosis = excluded.diagnosis,
              treatment = excluded.treatment,
              impact = excluded.impact
            where case_fact.outcome_version < excluded.outcome_version
            """,
            new { e.CaseId, e.PathologyCode, e.Version, e.Diagnosis, e.Treatment, e.Impact }));
    }

    /// <summary>Logged; nothing here counts how somebody works.</summary>
    public Task Handle(Delivery<OpinionProgressed> delivery) =>
        log.Once(delivery, nameof(FollowOpinions), delivery.Event.CaseId, delivery.Event.ProgressedAt);
}
