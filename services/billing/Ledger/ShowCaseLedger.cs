using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Billing.Ledger;

/// <summary>Everything booked for one case.</summary>
internal static class ShowCaseLedger
{
    /// <summary>Everything booked for a case.</summary>
    /// <param name="CaseId">The case.</param>
    /// <param name="CoverageState"><c>none</c>, <c>reserved</c>, <c>confirmed</c>, <c>released</c> or <c>expired</c>.</param>
    /// <param name="Transactions">In the order of booking.</param>
    internal sealed record CaseLedger(Guid CaseId, string CoverageState, IReadOnlyList<CaseLedgerTransaction> Transactions);

    /// <summary>Lines booked together; they sum to zero.</summary>
    /// <param name="Id">The transaction.</param>
    /// <param name="Description">What happened, in English; no names.</param>
    /// <param name="BookedAt">When it was booked.</param>
    /// <param name="Lines">In their order; the sum of their amounts is zero.</param>
    internal sealed record CaseLedgerTransaction(Guid Id, string Description, DateTimeOffset BookedAt, IReadOnlyList<CaseLedgerLine> Lines);

    /// <summary>An amount on one account.</summary>
    /// <param name="Account">In plain words.</param>
    /// <param name="Kind">E.g. <c>receivable</c>, <c>payable</c>, <c>revenue</c>, <c>cost</c>, <c>fund</c> or <c>patient</c>.</param>
    /// <param name="Amount">Debit positive, credit negative.</param>
    internal sealed record CaseLedgerLine(string Account, string Kind, Money Amount);

    public static void Map(RouteGroupBuilder api) => api.MapGet("/ledger/cases/{caseId:guid}", Handle)
        .AllowRoles(Roles.Ops)
        .WithName("ShowCaseLedger")
        .WithSummary("What was booked for a case")
        .WithDescription("Each transaction's lines sum to zero. Empty until an opinion is delivered.");

    /// <param name="caseId">The case.</param>
    private static async Task<Results<Ok<CaseLedger>, Problem>> Handle(Guid caseId, ClaimsPrincipal user, NpgsqlDataSource dataSource, CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        await AuditTrail.Record(db, user, "read", "ledger", caseId, "operations");
        var state = await db.ExecuteScalarAsync<string?>("select state from coverage where case_id = @caseId", new { caseId });
        var rows = (await db.QueryAsync<Row>(
            """
            select t.id, t.description, t.booked_at, a.name, a.kind, l.amount_cents
            from ledger_transaction t
            join ledger_line l on l.transaction_id = t.id
            join ledger_account a on a.id = l.account_id
            where t.case_id = @caseId
            order by t.booked_at, t.id, l.line
            """,
            new { caseId })).AsList();
        if (state is null && rows.Count == 0)
        {
            return CommonProblems.Absent();
        }

        var transactions = rows.GroupBy(r => r.Id).Select(t => new CaseLedgerTransaction(
            t.Key, t.First().Description, t.First().BookedAt, [.. t.Select(l => new CaseLedgerLine(l.Name, l.Kind, Money.FromCents(l.AmountCents)))]));
        return TypedResults.Ok(new CaseLedger(caseId, state ?? "none", [.. transactions]));
    }

    private sealed record Row(Guid Id, string Description, DateTimeOffset BookedAt, string Name, string Kind, long AmountCents);
}
