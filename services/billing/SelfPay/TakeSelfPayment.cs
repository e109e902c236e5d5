using Dapper;
using Npgsql;
using SecondOpinion.Billing.Ledger;

namespace SecondOpinion.Billing.SelfPay;

/// <summary>A transfer that names a patient's payment pays it, in one part or several; whole, a case can use it.</summary>
internal static class TakeSelfPayment
{
    /// <summary>Adds the ledger's credit line; the debit is the caller's.</summary>
    /// <returns>How much of the transfer it was open by; null when the references name no payment that is awaited.</returns>
    public static async Task<long?> Place(NpgsqlConnection db, IReadOnlyList<string> references, long cents, LedgerEntry entry)
    {
        var found = await db.QueryFirstOrDefaultAsync<(Guid Id, long OpenCents)?>(
            """
            select id, cents - paid_cents
            from self_payment
            where reference = any(@References) and state = 'awaited'
            order by id
            limit 1
            for update
            """, new { References = references.ToArray() });
        if (found is not { } payment)
        {
            return null;
        }

        var placed = Math.Min(payment.OpenCents, cents);
        await db.ExecuteAsync(
            """
            update self_payment
            set paid_cents = paid_cents + @placed, state = case when paid_cents + @placed = cents then 'paid' else state end
            where id = @Id
            """, new { placed, payment.Id });
        entry.Line(Account.Patient(payment.Id), -placed);
        return placed;
    }
}
