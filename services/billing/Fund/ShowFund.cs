using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Billing.Fund;

/// <summary>A year of the solidarity fund: its budgets, what was granted and refused, and what it still owes for delivered opinions.</summary>
internal static class ShowFund
{
    /// <summary>A year of the fund.</summary>
    /// <param name="Year">The calendar year.</param>
    /// <param name="Budgets">By class of département.</param>
    /// <param name="Decisions">How many requests were decided how.</param>
    /// <param name="Owed">What the fund owes for delivered opinions, less what was contributed: of all years; negative when more was contributed.</param>
    internal sealed record FundYear(int Year, IReadOnlyList<SaveFundBudget.FundBudget> Budgets, IReadOnlyList<FundDecisionCount> Decisions, Money Owed);

    /// <summary>Requests that were decided alike.</summary>
    /// <param name="Class">Class of the département; null when no budget names it.</param>
    /// <param name="Situation">Why the fund was asked.</param>
    /// <param name="State">Where they stand now, e.g. <c>refused</c>.</param>
    /// <param name="RefusalCode">Why it was refused; null when granted.</param>
    /// <param name="Count">How many.</param>
    internal sealed record FundDecisionCount(string? Class, string Situation, string State, string? RefusalCode, long Count);

    public static void Map(RouteGroupBuilder api) => api.MapGet("/fund/years/{year:int}", Handle)
        .AllowRoles(Roles.Ops)
        .WithName("ShowFund")
        .WithSummary("A year of the solidarity fund")
        .WithDescription("Budgets by class of département with what is held, spent and left, and the number of decisions by situation and reason.");

    /// <param name="year">The calendar year, e.g. 2026.</param>
    private static async Task<Results<Ok<FundYear>, Problem>> Handle(int year, NpgsqlDataSource dataSource, CancellationToken cancel)
    {
        if (year is < 2000 or > 9998)
        {
            return CommonProblems.Absent();
        }

        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var budgets = await db.QueryAsync<SaveFundBudget.Row>(
            $"select {SaveFundBudget.Columns} from fund_budget where year = @year order by class", new { year });
        var decisions = await db.QueryAsync<FundDecisionCount>(
            """
            select class, situation, state, refusal_code, count(*) as count
            from fund_decision
            where year = @year
            group by class, situation, state, refusal_code
            order by class, situation, state, refusal_code
            """, new { year });
        var owed = await db.ExecuteScalarAsync<long>(
            """
            select coalesce(sum(l.amount_cents), 0)::bigint
            from ledger_account a
            join ledger_line l on l.account_id = a.id
            where a.kind = 'fund'
            """);
        return TypedResults.Ok(new FundYear(year, [.. budgets.Select(SaveFundBudget.Of)], [.. decisions], Money.FromCents(owed)));
    }
}
