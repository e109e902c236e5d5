using Dapper;
using Npgsql;
using SecondOpinion.Billing.Ledger;

namespace SecondOpinion.Billing.Fees;

/// <summary>The bank rejects a patient's refund: it is due again, and ops orders it anew, to another account.</summary>
internal static class RejectRefund
{
    /// <param name="db">Within its transaction.</param>
    /// <param name="messageId">The order that the report is about.</param>
    /// <param name="code">Why, as the bank says it; null when the report rejects nothing.</param>
    /// <param name="now">When.</param>
    /// <returns>How many are rejected now and were not before; null when the report is about no refund.</returns>
    public static async Task<int?> Take(NpgsqlConnection db, string? messageId, string? code, DateTimeOffset now)
    {
        var refund = await db.QuerySingleOrDefaultAsync<(Guid Id, Guid PaymentId, string State, long Cents)?>(
            "select id, payment_id, state, cents from self_refund where message_id = @messageId for update", new { messageId });
        if (refund is not { } ordered)
        {
            return null;
        }

        if (code is null || ordered.State != "ordered")
        {
            return 0;
        }

        await db.ExecuteAsync(
            """
            update self_refund set state = 'rejected', reject_code = @code, settled_at = @now where id = @Id;
            update self_payment set state = 'refund_due' where id = @PaymentId;
            """, new { code, now, ordered.Id, ordered.PaymentId });
        await new LedgerEntry($"refund-rejected:{ordered.Id}", null, "Refund rejected by the bank", Journal.Bank)
            .Line(Account.Transit, ordered.Cents)
            .Line(Account.Patient(ordered.PaymentId), -ordered.Cents)
            .Book(db, now);
        return 1;
    }
}
