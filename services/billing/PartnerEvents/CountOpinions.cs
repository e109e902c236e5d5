using System.Globalization;
using Dapper;
using Npgsql;
using SecondOpinion.Billing.Insurers;
using SecondOpinion.Billing.Partners;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.PartnerEvents;

/// <summary>Tells every insurer, once the month is over, how many opinions were delivered in it: as a count that singles out nobody, and once.</summary>
internal sealed class CountOpinions(NpgsqlDataSource dataSource, InsurerDirectory insurers, BackgroundJobs jobs) : BackgroundJob(jobs)
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    /// <summary>Opinions are booked by message; what is delivered in the last minutes of a month may be booked in the first of the next.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromHours(6);

    public async Task Run(CancellationToken cancel)
    {
        var now = Time.GetUtcNow();
        var today = FrenchTime.Day(now - Settled);
        var month = new DateOnly(today.Year, today.Month, 1).AddMonths(-1);
        var (from, until) = (FrenchTime.Midnight(month), FrenchTime.Midnight(month.AddMonths(1)));
        var name = month.ToString("yyyy-MM", CultureInfo.InvariantCulture);
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        foreach (var insurer in insurers.All)
        {
            var counts = await db.QueryAsync<long>(
                """
                select count(*)
                from coverage c
                join delivered_opinion d on d.case_id = c.case_id
                where c.insurer_id = @Id and d.delivered_at >= @from and d.delivered_at < @until
                  and (select min(m.members) from roster_version_contract m where m.insurer_id = c.insurer_id and m.contract = c.contract) >= @Smallest
                group by c.contract
                """, new { insurer.Id, from, until, SmallCounts.Smallest });
            await PartnerEvent.Write(
                db, insurer.Id, PartnerEventType.OpinionsCounted, insurer.Id, new(Month: name, Opinions: SmallCounts.Total(counts)), now, $"opinions {name}");
        }
    }

    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        await Run(cancel);
        return Next.After(Interval);
    }
}
