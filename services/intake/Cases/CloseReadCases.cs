using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Intake.Cases;

/// <summary>
/// Closes delivered cases once the time for corrections and questions is over (<see cref="CaseRows.AfterDelivery"/>): not only who is tidy ends a case.
/// </summary>
internal sealed class CloseReadCases(NpgsqlDataSource dataSource, TimeProvider time, BackgroundJobs jobs) : BackgroundJob(jobs)
{
    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        await Close(cancel);
        return Next.After(Every);
    }

    internal async Task Close(CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var old = (await db.QueryAsync<Guid>(
            "select id from case_file where state = 'delivered' and stopped_at < @Before order by stopped_at limit 500",
            new { Before = time.GetUtcNow() - CaseRows.AfterDelivery })).AsList();
        await Each(old, id => dataSource.InTransaction(async db =>
        {
            if (await CaseRows.AnyLocked(db, id) is { } file)
            {
                await CaseTransition.IfAllowed(db, file, CaseMove.Close, time.GetUtcNow());
            }
        }, cancel), cancel);
    }
}
