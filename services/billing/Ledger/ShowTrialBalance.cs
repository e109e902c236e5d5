using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.Ledger;

/// <summary>The trial balance: what stands on the accounts of each kind at the end of a day. Its total is zero, always.</summary>
internal static class ShowTrialBalance
{
    /// <summary>What stands on the accounts at the end of a day in Paris.</summary>
    /// <param name="On">The day.</param>
    /// <param name="Accounts">By number of the general chart.</param>
    /// <param name="Debit">All debits.</param>
    /// <param name="Credit">All credits; the same amount.</param>
    /// <param name="Difference">Debits less credits: 0.00.</param>
    internal sealed record TrialBalance(DateOnly On, IReadOnlyList<TrialBalanceAccount> Accounts, Money Debit, Money Credit, Money Difference);

    /// <summary>All accounts of one kind together.</summary>
    /// <param name="Number">Of the general chart of accounts, e.g. <c>411100</c>.</param>
    /// <param name="Label">French.</param>
    /// <param name="Kind">E.g. <c>invoiced</c>.</param>
    /// <param name="Parties">Accounts of this kind: one for each insurer, physician or patient.</param>
    /// <param name="Debit">Debits up to the day.</param>
    /// <param name="Credit">Credits up to the day.</param>
    /// <param name="Balance">Debits less credits; negative where credits prevail.</param>
    internal sealed record TrialBalanceAccount(string Number, string Label, string Kind, long Parties, Money Debit, Money Credit, Money Balance);

    public static void Map(RouteGroupBuilder api) => api.MapGet("/ledger/trial-balance", Handle)
        .AllowRoles(Roles.Ops)
        .WithName("ShowTrialBalance")
        .WithSummary("The trial balance at the end of a day")
        .WithDescription("By kind of account, with the numbers of the French general chart of accounts. The difference is 0.00, always.");

    /// <param name="on">The day in Paris; today when left out.</param>
    private static async Task<Ok<TrialBalance>> Handle(NpgsqlDataSource dataSource, TimeProvider time, CancellationToken cancel, DateOnly? on = null)
    {
        var day = on ?? FrenchTime.Day(time.GetUtcNow());
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var rows = await db.QueryAsync<Row>(
            """
            select a.kind, count(distinct a.id) as parties,
              coalesce(sum(l.amount_cents) filter (where l.amount_cents > 0), 0)::bigint as debit_cents,
              coalesce(-sum(l.amount_cents) filter (where l.amount_cents < 0), 0)::bigint as credit_cents
            from ledger_transaction t
            join ledger_line l on l.transaction_id = t.id
            join ledger_account a on a.id = l.account_id
            where t.booked_at < @Until
            group by a.kind
            """, new { Until = FrenchTime.Midnight(day.AddDays(1)) });
        var accounts = rows.Select(r => (Row: r, General: GeneralAccount.Of(r.Kind.Value))).OrderBy(a => a.General.Number, StringComparer.Ordinal).ToList();
        var (debit, credit) = (accounts.Sum(a => a.Row.DebitCents), accounts.Sum(a => a.Row.CreditCents));
        return TypedResults.Ok(new TrialBalance(
            day,
            [.. accounts.Select(a => new TrialBalanceAccount(
                a.General.Number, a.General.Label, a.Row.Kind.Text, a.Row.Parties, Money.FromCents(a.Row.DebitCents), Money.FromCents(a.Row.CreditCents),
                Money.FromCents(a.Row.DebitCents - a.Row.CreditCents)))],
            Money.FromCents(debit), Money.FromCents(credit), Money.FromCents(debit - credit)));
    }

    private sealed record Row(Word<AccountKind> Kind, long Parties, long DebitCents, long CreditCents);
}
