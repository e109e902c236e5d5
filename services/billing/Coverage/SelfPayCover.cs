using System.Text;
using Dapper;
using Npgsql;
using SecondOpinion.Billing.Eligibility;
using SecondOpinion.Billing.Identity;
using SecondOpinion.Billing.Ledger;
using SecondOpinion.Contracts.Billing;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Billing.Coverage;

/// <summary>The patient as the payer of a case: a payment that has come whole serves the account that it was ordered for, and one case.</summary>
internal sealed class SelfPayCover(NpgsqlDataSource dataSource, AccountMarks marks, BookOpinion book, TimeProvider time) : IOtherPayer
{
    private const string Name = "Paiement par le patient";

    private const string Named =
        """
        select id, state, reference, case_id
        from self_payment
        where account is not null and (case_id = @caseId or (reference = @Reference and account = any(@Marks)))
        order by (case_id = @caseId) desc nulls last
        limit 1
        """;

    public AmcNumber Amc => OtherPayers.Patient;

    public async Task<Answer> Ask(Question question, Guid account, CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var payment = await Find(db, caseId: null, question, account, locked: false);
        var code = Refused(payment, caseId: null);
        return new Answer(
            code.Length > 0 ? Decision.Refuse(code) : new Decision("", null, null, 1, null), null, null, code.Length > 0 ? "" : payment!.Reference, null,
            time.GetUtcNow())
        { Payer = Name };
    }

    public Task<ReserveCoverage.Outcome> Reserve(Guid caseId, Question question, Guid account, CancellationToken cancel) =>
        dataSource.InContendedTransaction(async db =>
        {
            await ReleaseOnWithdrawal.LockCase(db, caseId);
            if (await ReleaseOnWithdrawal.IsWithdrawn(db, caseId) || await db.ExecuteScalarAsync<bool>(
                "select exists (select from coverage where case_id = @caseId) or exists (select from fund_decision where case_id = @caseId)", new { caseId }))
            {
                return new ReserveCoverage.Outcome(null, "", null, Refusal.CaseReleased);
            }

            var payment = await Find(db, caseId, question, account, locked: true);
            if (Refused(payment, caseId) is { Length: > 0 } code)
            {
                return new ReserveCoverage.Outcome(null, "", null, code);
            }

            if (payment!.State == SelfPaymentState.Paid)
            {
                await db.ExecuteAsync("update self_payment set state = 'reserved', case_id = @caseId where id = @Id", new { caseId, payment.Id });
                await Outbox.Publish(db, caseId, new CoverageReserved
                {
                    CaseId = caseId,
                    InsurerId = Guid.Empty,
                    EngagementNumber = payment.Reference,
                    ReservedAt = time.GetUtcNow(),
                });
                await book.BookIfDelivered(db, caseId);
            }

            return new ReserveCoverage.Outcome(null, payment.Reference, null, "");
        }, cancel);

    /// <summary>The case is withdrawn before its opinion: the patient gets all of it back.</summary>
    public static async Task Release(NpgsqlConnection db, Guid caseId, DateTimeOffset now)
    {
        if (await db.ExecuteAsync(
            "update self_payment set state = 'refund_due', ended_at = @now where case_id = @caseId and state = 'reserved'", new { caseId, now }) == 1)
        {
            await Outbox.Publish(db, caseId, new CoverageReleased { CaseId = caseId, InsurerId = Guid.Empty, ReleasedAt = now });
        }
    }

    /// <summary>The case was erased: what was paid no longer leads to an account.</summary>
    public static Task Forget(NpgsqlConnection db, Guid caseId) =>
        db.ExecuteAsync("update self_payment set account = null where case_id = @caseId", new { caseId });

    /// <returns>Empty when the patient has paid for this case.</returns>
    private static string Refused(Payment? payment, Guid? caseId) => payment switch
    {
        null => Refusal.PaymentUnknown,
        { State.Value: SelfPaymentState.Awaited } => Refusal.PaymentAwaited,
        { State.Value: SelfPaymentState.Paid } => "",
        _ when payment.CaseId is null || payment.CaseId != caseId => Refusal.PaymentUsed,
        { State.Value: SelfPaymentState.Reserved or SelfPaymentState.Consumed } => "",
        _ => Refusal.CaseReleased,
    };

    /// <summary>The case's own payment, if it has one; else the one that is named, when it is this account's.</summary>
    private async Task<Payment?> Find(NpgsqlConnection db, Guid? caseId, Question question, Guid account, bool locked) =>
        question.Member is not { } member ? null : await db.QueryFirstOrDefaultAsync<Payment>(
            locked ? Named + " for update" : Named,
            new { caseId, Reference = Encoding.ASCII.GetString(member), Marks = marks.Of(AccountMarks.SelfPay, account) });

    private sealed record Payment(Guid Id, Word<SelfPaymentState> State, string Reference, Guid? CaseId);
}
