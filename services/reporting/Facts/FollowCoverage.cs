using Dapper;
using MassTransit;
using SecondOpinion.Contracts.Billing;
using SecondOpinion.Reporting.Events;

namespace SecondOpinion.Reporting.Facts;

/// <summary>Billing's events: who pays, and what was booked. Of two answers about coverage the one that was given last counts.</summary>
internal sealed class FollowCoverage(EventLog log)
    : IConsumer<CoverageReserved>, IConsumer<CoverageRefused>, IConsumer<CoverageReleased>, IConsumer<OpinionBooked>, IConsumer<RosterImported>
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

    public Task Consume(ConsumeContext<CoverageReserved> context)
    {
        var e = context.Message;
        return log.Once(context, nameof(FollowCoverage), e.CaseId, e.ReservedAt, db => db.ExecuteAsync(
            SetCoverage, new { e.CaseId, InsurerId = (Guid?)e.InsurerId, Coverage = "reserved", At = e.ReservedAt.ToUniversalTime() }));
    }

    public Task Consume(ConsumeContext<CoverageRefused> context)
    {
        var e = context.Message;
        return log.Once(context, nameof(FollowCoverage), e.CaseId, e.RefusedAt, db => db.ExecuteAsync(
            SetCoverage, new { e.CaseId, InsurerId = (Guid?)null, Coverage = "refused", At = e.RefusedAt.ToUniversalTime() }));
    }

    public Task Consume(ConsumeContext<CoverageReleased> context)
    {
        var e = context.Message;
        return log.Once(context, nameof(FollowCoverage), e.CaseId, e.ReleasedAt, db => db.ExecuteAsync(
            SetCoverage, new { e.CaseId, InsurerId = (Guid?)e.InsurerId, Coverage = "released", At = e.ReleasedAt.ToUniversalTime() }));
    }

    public Task Consume(ConsumeContext<OpinionBooked> context)
    {
        var e = context.Message;
        return log.Once(context, nameof(FollowCoverage), e.CaseId, e.BookedAt, db => db.ExecuteAsync(
            """
            insert into case_fact (case_id, insurer_id, receivable_cents, payable_cents, booked_at)
            values (@CaseId, @InsurerId, @ReceivableCents, @PayableCents, @BookedAt)
            on conflict (case_id) do update set
              insurer_id = coalesce(case_fact.insurer_id, excluded.insurer_id),
              receivable_cents = excluded.receivable_cents,
              payable_cents = excluded.payable_cents,
              booked_at = excluded.booked_at
            """,
            new { e.CaseId, e.InsurerId, e.ReceivableCents, e.PayableCents, BookedAt = e.BookedAt.ToUniversalTime() }));
    }

    /// <summary>About an insurer, not a case: logged.</summary>
    public Task Consume(ConsumeContext<RosterImported> context) =>
        log.Once(context, nameof(FollowCoverage), caseId: null, context.Message.ImportedAt);
}
