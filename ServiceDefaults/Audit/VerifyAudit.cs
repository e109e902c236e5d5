using Dapper;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Options;

namespace SecondOpinion.ServiceDefaults.Audit;

/// <summary>What a service says of its audit record; no record, only numbers.</summary>
/// <param name="Links">Records in the chain.</param>
/// <param name="Pending">Records that wait for their link: a few, for seconds.</param>
/// <param name="Heads">Noted ends that were compared; 0 when none are kept: then a chain that was cut off or written anew is not noticed.</param>
/// <param name="Fault">The first thing that is wrong; null when all is well.</param>
/// <param name="Seq">The first link that is wrong, where one is.</param>
public sealed record AuditReport(long Links, long Pending, int Heads, string? Fault, long? Seq);

/// <summary>
/// <c>GET /audit/chain</c> on the service's own port, for the gateway's question over all services; <c>./run audit verify</c> prints the answers.
/// </summary>
internal static class VerifyAudit
{
    private const int Page = 5_000;

    public static void AddAuditChain(this WebApplicationBuilder builder, string service)
    {
        builder.Services.AddSingleton(new AuditHeads(builder.AddSettings<AuditSettings>(), service));
        builder.Services.AddHostedService<LinkAudit>();
    }

    public static void MapAuditChain(this WebApplication app) =>
        app.MapGet("/audit/chain", async (NpgsqlDataSource dataSource, AuditHeads heads, CancellationToken cancel) =>
            TypedResults.Ok(await Verify(dataSource, heads, cancel))).AllowRoles(Roles.Ops).ExcludeFromDescription();

    public static async Task<AuditReport> Verify(NpgsqlDataSource dataSource, AuditHeads heads, CancellationToken cancel)
    {
        var noted = await heads.Read(cancel);
        if (noted.Index().FirstOrDefault(h => !h.Item.IsOurs) is { Item: not null } forged)
        {
            return new AuditReport(
                0, 0, noted.Count, $"Line {forged.Index + 1} of the noted heads was not written by this service, or with another key.", null);
        }

        await using var db = await dataSource.OpenConnectionAsync(cancel);
        // The chain's end first: what is linked meanwhile is newer than the heads that were read, and stays out.
        var known = noted.ToLookup(h => h.Seq);
        var (seq, hash) = (0L, AuditChain.Start);
        while (true)
        {
            var links = (await db.QueryAsync<Linked>(
                """
                select l.seq, l.hash, r.id, r.at, r.actor_role, r.actor, r.action, r.object_type, r.object_id, r.purpose, r.trace_id
                from audit_link l left join audit_record r on r.id = l.record_id
                where l.seq > @seq
                order by l.seq
                limit @Page
                """, new { seq, Page })).AsList();
            foreach (var link in links)
            {
                if (link.Seq != seq + 1)
                {
                    return Wrong($"Link {seq + 1} is missing.", seq + 1);
                }

                if (link.Id is not { } id)
                {
                    return Wrong($"The record of link {link.Seq} was removed.", link.Seq);
                }

                var record = new AuditRecord(
                    id, link.At!.Value, link.ActorRole!, link.Actor!, link.Action!, link.ObjectType!, link.ObjectId!, link.Purpose!, link.TraceId);
                hash = AuditChain.Link(hash, link.Seq, record);
                if (!hash.AsSpan().SequenceEqual(link.Hash))
                {
                    return Wrong($"The record of link {link.Seq} was changed or exchanged, or the chain before it was.", link.Seq);
                }

                seq = link.Seq;
                var written = Convert.ToHexStringLower(hash);
                if (known[seq].FirstOrDefault(h => h.Hash != written) is { } other)
                {
                    return Wrong($"Link {seq} is not the one that was noted at {other.At:O}: the chain was written anew.", seq);
                }
            }

            if (links.Count < Page)
            {
                break;
            }
        }

        if (noted.Count > 0 && noted.MaxBy(h => h.Seq) is { } last && last.Seq > seq)
        {
            return Wrong(
                $"The chain ends with link {seq}, but link {last.Seq} was noted at {last.At:O}: its end was cut off, or the database is an older copy.",
                seq + 1);
        }

        var (pending, lost, outside) = await db.QuerySingleAsync<(long, long, long)>(
            """
            select
              (select count(*) from audit_pending),
              (select count(*) from audit_pending p where not exists (select from audit_record r where r.id = p.record_id)),
              (select count(*) from audit_record r
               where not exists (select from audit_link l where l.record_id = r.id) and not exists (select from audit_pending p where p.record_id = r.id))
            """);
        return lost > 0 ? Wrong($"{lost} records were removed before they were linked.", null)
            : outside > 0 ? Wrong($"{outside} records stand outside the chain: they were slipped in, or links at its end were removed.", null)
            : new AuditReport(seq, pending, noted.Count, null, null);

        AuditReport Wrong(string fault, long? at) => new(seq, 0, noted.Count, fault, at);
    }

    /// <remarks>Not positional: the record's columns are null where it is gone.</remarks>
    private sealed record Linked
    {
        public long Seq { get; init; }

        public byte[] Hash { get; init; } = [];

        public Guid? Id { get; init; }

        public DateTimeOffset? At { get; init; }

        public string? ActorRole { get; init; }

        public string? Actor { get; init; }

        public string? Action { get; init; }

        public string? ObjectType { get; init; }

        public string? ObjectId { get; init; }

        public string? Purpose { get; init; }

        public string? TraceId { get; init; }
    }
}
