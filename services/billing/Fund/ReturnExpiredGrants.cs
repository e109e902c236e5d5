using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Billing.Fund;

/// <summary>Gives the money of grants back to their budget, every hour, when no case was submitted with them in time.</summary>
internal sealed partial class ReturnExpiredGrants(NpgsqlDataSource dataSource, BackgroundJobs jobs, ILogger<ReturnExpiredGrants> logger) : BackgroundJob(jobs)
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    /// <summary>One pass.</summary>
    /// <returns>How many expired.</returns>
    public async Task<int> Run(DateTimeOffset now, CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var due = (await db.QueryAsync<Guid>(
            "select id from fund_decision where state = 'granted' and valid_until <= @now and id <> all(@PutOff) order by valid_until limit 1000",
            new { now, PutOff })).AsList();
        var expired = 0;
        await Each(due, async id => expired += await dataSource.InTransaction(tx => GiveBack(tx, id, FundState.Expired, now), cancel) ? 1 : 0, cancel);
        return expired;
    }

    /// <summary>A grant that is neither spent nor given back before: the budget has its money again.</summary>
    /// <returns>False when there was nothing to give back.</returns>
    internal static async Task<bool> GiveBack(NpgsqlConnection db, Guid id, Word<FundState> state, DateTimeOffset now)
    {
        var back = await db.QuerySingleOrDefaultAsync<(short Year, string Class, long Cents)?>(
            """
            update fund_decision set state = @state, ended_at = @now
            where id = @id and state = case when @state = 'expired' then 'granted' else 'reserved' end
            returning year, class, cents
            """, new { id, state, now });
        if (back is not { } grant)
        {
            return false;
        }

        await db.ExecuteAsync(
            "update fund_budget set held_cents = held_cents - @Cents where year = @Year and class = @Class", new { grant.Cents, grant.Year, grant.Class });
        return true;
    }

    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        var expired = await Run(Time.GetUtcNow(), cancel);
        if (expired > 0)
        {
            Log.Expired(logger, expired);
        }

        return Next.After(Interval);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "{Count} grants of the solidarity fund expired unused")]
        public static partial void Expired(ILogger logger, int count);
    }
}
