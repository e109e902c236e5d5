using Dapper;
using Npgsql;
using SecondOpinion.Billing.Eligibility;
using SecondOpinion.Billing.Fund;
using SecondOpinion.Billing.Identity;
using SecondOpinion.Billing.Ledger;
using SecondOpinion.Contracts.Billing;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Billing.Coverage;

/// <summary>
/// The solidarity fund as the payer of a case. A case names it like an insurer, and its grant like a member number, so intake asks one question whoever pays.
/// A grant serves the account that it was made for, and one case.
/// </summary>
internal sealed class FundCover(NpgsqlDataSource dataSource, AccountMarks accounts, BookOpinion book, TimeProvider time) : IOtherPayer
{
    private const string Name = "Fonds de solidarité";

    private const string Named =
        """
        select id, state, code, case_id, valid_until
        from fund_decision
        where code is not null and (case_id = @caseId or (code = @Code and account = any(@Marks)))
        order by (case_id = @caseId) desc nulls last
        limit 1
        """;

    public AmcNumber Amc => OtherPayers.Fund;

    public async Task<Answer> Ask(Question question, Guid account, CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var now = time.GetUtcNow();
        var grant = await Find(db, caseId: null, question, account, locked: false);
        var code = Refused(grant, caseId: null, now);
        return new Answer(
            code.Length > 0 ? Decision.Refuse(code) : new Decision("", null, null, 1, null), null, null,
            code.Length > 0 ? "" : FundNumbers.Written(grant!.Code), code.Length > 0 ? null : grant!.ValidUntil, now)
        { Payer = Name };
    }

    public Task<ReserveCoverage.Outcome> Reserve(Guid caseId, Question question, Guid account, CancellationToken cancel) =>
        dataSource.InContendedTransaction(async db =>
        {
            await ReleaseOnWithdrawal.LockCase(db, caseId);
            if (await ReleaseOnWithdrawal.IsWithdrawn(db, caseId)
                || await db.ExecuteScalarAsync<bool>(
                    "select exists (select from coverage where case_id = @caseId) or exists (select from self_payment where case_id = @caseId)",
                    new { caseId }))
            {
                return new ReserveCoverage.Outcome(null, "", null, Refusal.CaseReleased);
            }

            var now = time.GetUtcNow();
            var grant = await Find(db, caseId, question, account, locked: true);
            if (Refused(grant, caseId, now) is { Length: > 0 } code)
            {
                return new ReserveCoverage.Outcome(null, "", null, code);
            }

            var number = FundNumbers.Written(grant!.Code);
            if (grant.State == FundState.Granted)
            {
                await db.ExecuteAsync("update fund_decision set state = 'reserved', case_id = @caseId where id = @Id", new { caseId, grant.Id });
                await Outbox.Publish(db, caseId, new CoverageReserved { CaseId = caseId, InsurerId = Guid.Empty, EngagementNumber = number, ReservedAt = now });
                await book.BookIfDelivered(db, caseId);
            }

            return new ReserveCoverage.Outcome(null, number, grant.ValidUntil, "");
        }, cancel);

    /// <summary>The case is withdrawn before its opinion: the budget has the money again.</summary>
    public static async Task Release(NpgsqlConnection db, Guid caseId, DateTimeOffset now)
    {
        var grant = await db.ExecuteScalarAsync<Guid?>("select id from fund_decision where case_id = @caseId", new { caseId });
        if (grant is { } id && await ReturnExpiredGrants.GiveBack(db, id, FundState.Returned, now))
        {
            await Outbox.Publish(db, caseId, new CoverageReleased { CaseId = caseId, InsurerId = Guid.Empty, ReleasedAt = now });
        }
    }

    /// <summary>The case was erased: what was granted no longer leads to anybody.</summary>
    public static Task Forget(NpgsqlConnection db, Guid caseId) =>
        db.ExecuteAsync("update fund_decision set account = null, code = null where case_id = @caseId", new { caseId });

    /// <returns>Empty when the fund pays this case.</returns>
    private static string Refused(Grant? grant, Guid? caseId, DateTimeOffset now) => grant switch
    {
        null => Refusal.GrantUnknown,
        { State.Value: FundState.Granted } => grant.ValidUntil > now ? "" : Refusal.GrantOver,
        { State.Value: FundState.Expired } => Refusal.GrantOver,
        _ when grant.CaseId != caseId || caseId is null => Refusal.GrantUsed,
        { State.Value: FundState.Returned } => Refusal.CaseReleased,
        _ => "",
    };

    /// <summary>The case's own grant, if it has one; else the one that is named, when it is this account's.</summary>
    private async Task<Grant?> Find(NpgsqlConnection db, Guid? caseId, Question question, Guid account, bool locked) =>
        question.Member is not { } member ? null : await db.QueryFirstOrDefaultAsync<Grant>(
            locked ? Named + " for update" : Named,
            new { caseId, Code = System.Text.Encoding.ASCII.GetString(member), Marks = accounts.Of(AccountMarks.Fund, account) });

    private sealed record Grant(Guid Id, Word<FundState> State, string Code, Guid? CaseId, DateTimeOffset ValidUntil);
}
