using Dapper;
using Npgsql;
using OpenTelemetry;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.ServiceDefaults.Audit;

/// <summary>
/// Takes new audit records into the chain, some seconds after they were committed. Beside the requests: a chain that each of them had to extend would let only
/// one read at a time. One instance at a time, in one transaction: after a crash it goes on where the chain ends.
/// </summary>
internal sealed class LinkAudit(NpgsqlDataSource dataSource, AuditHeads heads, BackgroundJobs jobs) : BackgroundJob(jobs)
{
    private const int AtOnce = 500;
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan HeadEvery = TimeSpan.FromMinutes(1);
    private DateTimeOffset _notedAt;
    private bool _isNoted;

    /// <returns>How many were taken in.</returns>
    internal async Task<int> Extend(CancellationToken cancel)
    {
        if ((_isNoted || !heads.AreKept) && !await HasPending(cancel))
        {
            return 0;
        }

        var (count, head) = await dataSource.InTransaction(async db =>
        {
            if (!await db.ExecuteScalarAsync<bool>("select pg_try_advisory_xact_lock(hashtext('audit chain'))"))
            {
                return (0, null);
            }

            var former = await db.QuerySingleOrDefaultAsync<Head>("select seq, hash from audit_link order by seq desc limit 1");
            // A record that is gone before it was linked leaves its mark here for ever, and is found by it.
            var records = (await db.QueryAsync<AuditRecord>(
                """
                with taken as (
                  delete from audit_pending
                  where record_id in (select p.record_id from audit_pending p join audit_record r on r.id = p.record_id order by p.record_id limit @AtOnce)
                  returning record_id
                )
                select r.id, r.at, r.actor_role, r.actor, r.action, r.object_type, r.object_id, r.purpose, r.trace_id
                from audit_record r join taken t on t.record_id = r.id
                order by r.id
                """, new { AtOnce })).AsList();
            var (seq, hash) = former is null ? (0, AuditChain.Start) : (former.Seq, former.Hash);
            var (seqs, hashes) = (new long[records.Count], new byte[records.Count][]);
            for (var i = 0; i < records.Count; i++)
            {
                hash = AuditChain.Link(hash, ++seq, records[i]);
                (seqs[i], hashes[i]) = (seq, hash);
            }

            if (records.Count > 0)
            {
                await db.ExecuteAsync(
                    "insert into audit_link (seq, record_id, hash) select * from unnest(@seqs, @Ids, @hashes)",
                    new { seqs, Ids = records.ConvertAll(r => r.Id).ToArray(), hashes });
            }

            return (records.Count, seq == 0 ? null : new Head(seq, hash));
        }, cancel);
        _isNoted &= count == 0;
        if (head is not null && heads.AreKept && !_isNoted && Time.GetUtcNow() - _notedAt >= HeadEvery)
        {
            await heads.Note(head.Seq, head.Hash, Time.GetUtcNow());
            (_notedAt, _isNoted) = (Time.GetUtcNow(), true);
        }

        return count;
    }

    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        // It looks every two seconds and belongs to no request: as traces of their own these looks would push out those that people search.
        using var untraced = SuppressInstrumentationScope.Begin();
        return await Extend(cancel) == AtOnce ? Next.Now : Next.After(Every);
    }

    private async Task<bool> HasPending(CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        return await db.ExecuteScalarAsync<bool>("select exists (select from audit_pending)");
    }

    private sealed record Head(long Seq, byte[] Hash);
}
