using System.Globalization;
using Dapper;
using Npgsql;
using SecondOpinion.Billing.Invoicing;
using SecondOpinion.Billing.Ledger;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.Fees;

/// <summary>
/// Orders the fees that are due: one transfer a physician, one file for the bank, and the ledger's entries, in one transaction. Repeated, it finds nothing.
/// </summary>
internal sealed class OrderFees(NpgsqlDataSource dataSource, InvoicingOptions seller, FeeOptions options, TimeProvider time)
{
    /// <param name="RunId">Null when nothing could be ordered.</param>
    /// <param name="WithoutAccount">Physicians who are due something and whose account is not known, or was rejected by the bank.</param>
    internal sealed record Outcome(Guid? RunId, int Transfers, long TotalCents, int WithoutAccount);

    /// <param name="month">Its first day; fees of earlier months that are still due go along.</param>
    /// <param name="cancel">Ends the run before it commits.</param>
    public Task<Outcome> Run(DateOnly month, CancellationToken cancel) => dataSource.InTransaction(async db =>
    {
        // One run at a time: a fee goes into one file.
        await db.ExecuteAsync("select pg_advisory_xact_lock(hashtextextended('fees', 0))");
        var due = (await db.QueryAsync<Due>(
            """
            with fees as (
              select case_id, physician_id, cents from fee where state = 'due' and delivered_at < @Until for update),
            sums as (
              select physician_id, sum(cents)::bigint as cents, count(*)::int as opinions, array_agg(case_id) as cases from fees group by physician_id)
            select s.physician_id, s.cents, s.opinions, s.cases, p.version, p.holder, p.iban, p.bic
            from sums s
            left join lateral (
              select * from payee_version v where v.physician_id = s.physician_id order by v.version desc limit 1) p
              on not exists (
                select from fee_transfer t where t.physician_id = p.physician_id and t.payee_version = p.version and t.state = 'rejected')
            order by s.physician_id
            """, new { Until = FrenchTime.Midnight(month.AddMonths(1)) })).AsList();
        var payable = due.Where(d => d.Version is not null).ToList();
        if (payable.Count == 0)
        {
            return new Outcome(null, 0, 0, due.Count);
        }

        var (now, runId) = (time.GetUtcNow(), Guid.CreateVersion7());
        var orders = payable.ConvertAll(p => (Payee: p, Id: Guid.CreateVersion7()));
        var messageId = Name("HO", month, runId);
        var executionOn = FrenchTime.Day(now).AddDays(options.ExecutionDays);
        var file = CreditTransferFile.Write(messageId, now, executionOn, seller.Seller,
            orders.ConvertAll(o => new CreditTransfer(Name("T", month, o.Id), o.Payee.Cents, o.Payee.Holder!, o.Payee.Iban!, o.Payee.Bic!,
                string.Create(CultureInfo.InvariantCulture, $"Honoraires SecondOpinion {month:MM/yyyy}, {o.Payee.Opinions} avis"))));
        var total = payable.Sum(p => p.Cents);
        await db.ExecuteAsync(
            """
            insert into fee_run (id, month, message_id, execution_on, total_cents, transfers, file, ordered_at)
            values (@runId, @month, @messageId, @executionOn, @total, @Count, @file, @now)
            """, new { runId, month, messageId, executionOn, total, payable.Count, file, now });
        foreach (var (payee, id) in orders)
        {
            await db.ExecuteAsync(
                """
                insert into fee_transfer (id, run_id, physician_id, payee_version, end_to_end_id, cents, state)
                values (@id, @runId, @PhysicianId, @Version, @EndToEndId, @Cents, 'ordered');
                update fee set state = 'ordered', transfer_id = @id where case_id = any(@Cases);
                """, new { id, runId, payee.PhysicianId, payee.Version, EndToEndId = Name("T", month, id), payee.Cents, payee.Cases });
            await new LedgerEntry($"transfer:{id}", null, "Fees ordered at the bank", Journal.Fees)
                .Line(Account.Payable(payee.PhysicianId), payee.Cents)
                .Line(Account.Transit, -payee.Cents)
                .Book(db, now);
        }

        return new Outcome(runId, payable.Count, total, due.Count - payable.Count);
    }, cancel);

    /// <summary>At most 35 characters, as the standard has it, and never the same twice.</summary>
    private static string Name(string kind, DateOnly month, Guid id) =>
        string.Create(CultureInfo.InvariantCulture, $"{kind}{month:yyyyMM}-") + id.ToString("N")[^20..].ToUpperInvariant();

    private sealed record Due(Guid PhysicianId, long Cents, int Opinions, Guid[] Cases, int? Version, string? Holder, string? Iban, string? Bic);
}
