using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Intake.Cases;

/// <summary>The patient gives up the request, at any time before the opinion. Billing gives the reserved use back when it hears of it.</summary>
internal static class WithdrawCase
{
    /// <summary>A case that was withdrawn.</summary>
    /// <param name="CaseId">The case.</param>
    /// <param name="State">Now <c>withdrawn</c>.</param>
    /// <param name="WithdrawnAt">When it was withdrawn.</param>
    internal sealed record CaseWithdrawal(Guid CaseId, string State, DateTimeOffset WithdrawnAt);

    public static void Map(RouteGroupBuilder api) => api.MapPost("/cases/{id:guid}/withdraw", Handle)
        .AllowRoles([.. CaseWords.Routes[CaseMove.Withdraw].Roles])
        .Refuses(Problems.WrongState)
        .WithName(CaseWords.Routes[CaseMove.Withdraw].Operation)
        .WithSummary("Withdraw a case")
        .WithDescription("Possible until the opinion is delivered.");

    /// <param name="id">The case.</param>
    private static Task<Results<Ok<CaseWithdrawal>, Problem>> Handle(
        Guid id, ClaimsPrincipal user, NpgsqlDataSource dataSource, TimeProvider time, CancellationToken cancel) =>
        dataSource.InTransaction<Results<Ok<CaseWithdrawal>, Problem>>(async db =>
        {
            if (await CaseRows.OwnLocked(db, user, id) is not { } file)
            {
                return CommonProblems.Absent();
            }

            await AuditTrail.Record(db, user, "withdraw", "case", id, Purpose.Of(user));
            var now = time.GetUtcNow();
            return await Withdraw(db, file, now) is { } problem ? problem : TypedResults.Ok(new CaseWithdrawal(id, CaseState.Withdrawn.Word(), now));
        }, cancel);

    internal static async Task<Problem?> Withdraw(NpgsqlConnection db, CaseRow file, DateTimeOffset now)
    {
        if (!(await CaseTransition.Try(db, file, CaseMove.Withdraw, now)).TryGet(out _, out var refusal))
        {
            return refusal;
        }

        // Nothing is asked of the insurer any more, whatever was pending.
        await db.ExecuteAsync(
            """
            update case_file
            set coverage = case when coverage = 'pending' then 'none' else coverage end,
                coverage_next_attempt_at = null,
                sealed_coverage_question = null
            where id = @Id
            """,
            new { file.Id });
        await Outbox.Publish(db, file.Id, new CaseWithdrawn { CaseId = file.Id, WithdrawnAt = now });
        return null;
    }
}
