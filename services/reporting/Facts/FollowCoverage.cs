using Dapper;
using SecondOpinion.Contracts.Billing;
using SecondOpinion.Reporting.Events;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Reporting.Facts;

/// <summary>Billing's events: who pays, and what was booked. Of two answers about coverage the one that was given last counts.</summary>
internal sealed class FollowCoverage(EventLog log)
    : IHandle<CoverageReserved>, IHandle<CoverageRefused>, IHandle<CoverageReleased>, IHandle<OpinionBooked>, IHandle<RosterImported>
{
    private const string SetCoverage =
        """
        insert into case_fact (case_id, insurer_id, coverage, coverage_at)
        values (@CaseId, @InsurerId, @Coverage, @At)
        on conflict (case_id) do update set
          insurer_id = coalesce(case_fact.insurer_id, excluded.insurer_id),
          coverage = excluded.coverage,
          coverage_at = excluded.coverage_at
        where case_fact.coverage_at is null or case_fact.coverage_at <= excluded.coverage_at
        """;

    public Task Handle(Delivery<CoverageReserved> delivery)
    {
        var e = delivery.Event;
        return log.Once(delivery, nameof(FollowCoverage), e.CaseId, e.ReservedAt, db => db.ExecuteAsync(
            SetCoverage, new { e.CaseId, InsurerId = Insurer(e.InsurerId), Coverage = "reserved", At = e.ReservedAt }));
    }

    public Task Handle(Delivery<CoverageRefused> delivery)
    {
        var e = delivery.Event;
        return log.Once(delivery, nameof(FollowCoverage), e.CaseId, e.RefusedAt, db => db.ExecuteAsync(
            SetCoverage, new { e.CaseId, InsurerId = (Guid?)null, Coverage = "refused", At = e.RefusedAt }));
    }

    public Task Handle(Delivery<CoverageReleased> delivery)
    {
        var e = delivery.Event;
        return log.Once(delivery, nameof(FollowCoverage), e.CaseId, e.ReleasedAt, db => db.ExecuteAsync(
            SetCoverage, new { e.CaseId, InsurerId = Insurer(e.InsurerId), Coverage = "released", At = e.ReleasedAt }));
    }

    public Task Handle(Delivery<OpinionBooked> delivery)
    {
        var e = delivery.Event;
        return log.Once(delivery, nameof(FollowCoverage), e.CaseId, e.BookedAt, db => db.ExecuteAsync(
            """
            insert into case_fact (case_id, insurer_id, receivable_cents, payable_cents, booked_at)
            values (@CaseId, @InsurerId, @ReceivableCents, @PayableCents, @BookedAt)
            on conflict (case_id) do update set
              insurer_id = coalesce(case_fact.insurer_id, excluded.insurer_id),
              receivable_cents = excluded.receivable_cents,
              payable_cents = excluded.payable_cents,
              booked_at = excluded.booked_at
            """,
            new { e.CaseId, InsurerId = Insurer(e.InsurerId), e.ReceivableCents, e.PayableCents, e.BookedAt }));
    }

    /// <summary>How many people an insurer's list holds, version by version.</summary>
    public Task Handle(Delivery<RosterImported> delivery)
    {
        var e = delivery.Event;
        return log.Once(delivery, nameof(FollowCoverage), caseId: null, e.ImportedAt, db => db.ExecuteAsync(
            """
            insert into roster_fact (insurer_id, version, accepted, imported_at)
            values (@InsurerId, @RosterVersion, @Accepted, @ImportedAt)
            on conflict do nothing
            """,
            new { e.InsurerId, e.RosterVersion, e.Accepted, e.ImportedAt }));
    }

    /// <summary>Null when no insurer pays but the solidarity fund or the patient.</summary>
    private static Guid? Insurer(Guid id) => id == Guid.Empty ? null : id;
}
