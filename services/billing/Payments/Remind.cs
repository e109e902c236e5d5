using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.Payments;

/// <summary>
/// Notes reminders of late invoices: the first after 8 days, the second after 30, the last after 60, one a day and level. They stand with the insurer's
/// receivables; sending letters is done by people.
/// </summary>
internal sealed partial class Remind(NpgsqlDataSource dataSource, BackgroundJobs jobs, ILogger<Remind> logger) : BackgroundJob(jobs)
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(6);

    /// <summary>Days after the due date for each level.</summary>
    private static readonly int[] Levels = [8, 30, 60];

    /// <summary>One pass.</summary>
    /// <returns>Reminders noted.</returns>
    public async Task<int> Run(DateOnly today, CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        // One level a pass and day: who was never reminded gets the first, not the last.
        return await db.ExecuteAsync(
            """
            insert into reminder (invoice_id, level, reminded_on, open_cents)
            select o.id, n.level, @today, o.open_cents
            from invoice_open o
            cross join lateral (
              select (count(*) + 1)::smallint as level, max(r.reminded_on) as last from reminder r where r.invoice_id = o.id) n
            where o.open_cents > 0 and n.level <= 3 and (n.last is null or n.last < @today) and o.due_on + (@Levels::int[])[n.level] <= @today
            on conflict do nothing
            """, new { today, Levels });
    }

    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        var reminded = await Run(FrenchTime.Day(Time.GetUtcNow()), cancel);
        if (reminded > 0)
        {
            Log.Reminded(logger, reminded);
        }

        return Next.After(Interval);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "{Count} invoices are late: reminders noted")]
        public static partial void Reminded(ILogger logger, int count);
    }
}
