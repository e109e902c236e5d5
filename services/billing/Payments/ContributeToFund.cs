using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Billing.Ledger;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Idempotency;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Billing.Payments;

/// <summary>Says that money which names nothing known is a contribution to the solidarity fund: it pays what the fund owes for delivered opinions.</summary>
internal static class ContributeToFund
{
    /// <summary>Nothing more needs to be said: the payment is in the address, and all that waits of it goes to the fund.</summary>
    internal sealed record FundContributionRequest;

    /// <summary>What went to the fund.</summary>
    /// <param name="Contributed">All that was waiting of the payment.</param>
    internal sealed record FundContribution(Money Contributed);

    public static void Map(RouteGroupBuilder api) => api.MapPost("/payments/waiting/{entryId:guid}/contribution", Handle)
        .AllowRoles(Roles.Ops)
        .Refuses(Problems.NothingToAssign)
        .WithName("ContributeToFund")
        .WithSummary("Says that a payment is for the solidarity fund")
        .WithDescription("All that waits of it. It pays what the fund owes; the budgets, which say what may be granted, do not change.");

    /// <param name="entryId">The payment, as the list of waiting ones names it.</param>
    private static Task<Results<Once<Ok<FundContribution>>, Problem>> Handle(
        Guid entryId, FundContributionRequest request, HttpContext http, NpgsqlDataSource dataSource, TimeProvider time) =>
        Idempotent.Run<FundContributionRequest, Ok<FundContribution>>(dataSource, http, request, async db =>
        {
            if (await db.ExecuteScalarAsync<long?>("select cents from suspense where entry_id = @entryId for update", new { entryId }) is not { } cents)
            {
                return CommonProblems.Absent();
            }

            if (cents == 0)
            {
                return Problems.NothingOpen();
            }

            await db.ExecuteAsync("update suspense set cents = 0 where entry_id = @entryId", new { entryId });
            await new LedgerEntry($"fund:{Guid.CreateVersion7()}", null, "Contribution to the solidarity fund", Journal.Bank)
                .Line(Account.Suspense, cents)
                .Line(Account.Fund, -cents)
                .Book(db, time.GetUtcNow());
            return TypedResults.Ok(new FundContribution(Money.FromCents(cents)));
        });
}
