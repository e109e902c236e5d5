using Dapper;
using Npgsql;
using SecondOpinion.Billing.Partners;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.PartnerEvents;

/// <summary>
/// Gives each committed event its place in the sequence, and every address that wants it a delivery. One at a time over all instances: a place is given after
/// the commit of what it tells and in one order for all, so a reader who goes on from the last place that it saw misses nothing.
/// </summary>
internal sealed class TellEvents(NpgsqlDataSource dataSource, BackgroundJobs jobs) : BackgroundJob(jobs)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private const int AtOnce = 1000;

    /// <summary>One pass.</summary>
    /// <returns>How many were told.</returns>
    public Task<int> Run(CancellationToken cancel) => dataSource.InTransaction(async db =>
    {
        if (!await db.ExecuteScalarAsync<bool>("select pg_try_advisory_xact_lock(hashtextextended('tell partner events', 0))"))
        {
            return 0;
        }

        var now = Time.GetUtcNow();
        var told = (await Place(db, now)).Concat(await PlaceCovers(db, now)).ToArray();
        if (told.Length > 0)
        {
            await db.ExecuteAsync(
                """
                insert into webhook_delivery (id, webhook_id, event_id, position, subject, state, attempts, next_attempt_at)
                select gen_random_uuid(), w.id, e.id, e.position, e.subject, 'pending', 0, @now
                from partner_event e
                join webhook w on w.insurer_id = e.insurer_id and w.state <> 'stopped'
                where e.id = any(@told)
                  and case when e.only_for is null then w.types = '{}' or e.type = any(w.types) else w.id = e.only_for end
                """, new { told, now });
        }

        return told.Length;
    }, cancel);

    protected override async Task<Next> Pass(CancellationToken cancel) => await Run(cancel) == 0 ? Next.After(Interval) : Next.Now;

    private static Task<IEnumerable<Guid>> Place(NpgsqlConnection db, DateTimeOffset now) => db.QueryAsync<Guid>(
        """
        with waiting as (
          select id, written from partner_event where position is null and contract is null order by written limit @AtOnce
        ), placed as (
          select id, nextval('partner_event_position') as position from (select id from waiting order by written) as in_order
        )
        update partner_event e
        set position = p.position, told_at = @now
        from placed p
        where e.id = p.id
        returning e.id
        """, new { AtOnce, now });

    /// <summary>
    /// Covers of the days before, in elevens of one contract and in no order that says who came first; of a contract with fewer than eleven members in any
    /// version never: what is shown does not depend on what is hidden. A release waits until the reservation has been told.
    /// </summary>
    private static Task<IEnumerable<Guid>> PlaceCovers(NpgsqlConnection db, DateTimeOffset now) => db.QueryAsync<Guid>(
        """
        with waiting as (
          select e.id, e.insurer_id, e.contract,
            row_number() over (partition by e.insurer_id, e.contract, e.type order by e.written) as place,
            count(*) over (partition by e.insurer_id, e.contract, e.type) as people
          from partner_event e
          where e.position is null and e.contract is not null and e.happened_at < @Midnight
            and not exists (
              select from partner_event before where before.subject = e.subject and before.written < e.written and before.position is null)
            and (select min(c.members) from roster_version_contract c where c.insurer_id = e.insurer_id and c.contract = e.contract) >= @Smallest
        ), placed as (
          select id, code, nextval('partner_event_position') as position
          from (
            select w.id, k.code
            from waiting w
            join contract k on k.insurer_id = w.insurer_id and k.number = w.contract
            where w.place <= w.people - w.people % @Smallest
            order by random()
          ) as shuffled
        )
        update partner_event e
        set position = p.position, told_at = @now, data = e.data || jsonb_build_object('contractCode', p.code)
        from placed p
        where e.id = p.id
        returning e.id
        """, new { now, Midnight = FrenchTime.Midnight(FrenchTime.Day(now)), SmallCounts.Smallest });
}
