using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Billing.Ledger;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Idempotency;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Billing.Fees;

/// <summary>Cancels a fee that is due: the opinion was taken back before it was paid.</summary>
internal static class CancelFee
{
    /// <summary>Nothing more needs to be said: the case is in the address.</summary>
    internal sealed record FeeCancellationRequest;

    public static void Map(RouteGroupBuilder api) => api.MapPost("/fees/{caseId:guid}/cancellation", Handle)
        .AllowRoles(Roles.Ops)
        .Refuses(Problems.FeeNotDue)
        .WithName("CancelFee")
        .WithSummary("Cancels a fee that is due")
        .WithDescription("For an opinion that was taken back. A fee that was ordered at the bank or paid cannot be cancelled any more.");

    /// <param name="caseId">The case of the opinion.</param>
    private static Task<Results<Once<NoContent>, Problem>> Handle(
        Guid caseId, FeeCancellationRequest request, HttpContext http, NpgsqlDataSource dataSource, TimeProvider time) =>
        Idempotent.Run<FeeCancellationRequest, NoContent>(dataSource, http, request, async db =>
        {
            var fee = await db.QuerySingleOrDefaultAsync<(Guid PhysicianId, long Cents)?>(
                "update fee set state = 'cancelled' where case_id = @caseId and state = 'due' returning physician_id, cents", new { caseId });
            if (fee is not { } cancelled)
            {
                return await db.ExecuteScalarAsync<bool>("select exists (select from fee where case_id = @caseId)", new { caseId })
                    ? Problems.FeeGone()
                    : CommonProblems.Absent();
            }

            await new LedgerEntry($"fee-cancelled:{caseId}", caseId, "Fee cancelled", Journal.Fees)
                .Line(Account.Payable(cancelled.PhysicianId), cancelled.Cents)
                .Line(Account.PhysicianFees, -cancelled.Cents)
                .Book(db, time.GetUtcNow());
            return TypedResults.NoContent();
        });
}
