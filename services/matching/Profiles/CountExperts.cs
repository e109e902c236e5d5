using Dapper;
using Grpc.Core;
using Npgsql;
using SecondOpinion.Contracts.Matching.V1;

namespace SecondOpinion.Matching.Profiles;

/// <summary>Says over gRPC how many référents a pathology has, and how many of them could take a case now.</summary>
internal sealed class CountExperts(NpgsqlDataSource dataSource, TimeProvider time) : Contracts.Matching.V1.Experts.ExpertsBase
{
    public override async Task<ForPathologyReply> ForPathology(ForPathologyRequest request, ServerCallContext context)
    {
        await using var db = await dataSource.OpenConnectionAsync(context.CancellationToken);
        var (experts, available) = await db.QuerySingleAsync<(int, int)>(
            """
            select count(*)::int,
              (count(*) filter (
                where coalesce(away_until <= @Now, true)
                  and capacity > (select count(*) from offer o where o.physician_id = e.physician_id and o.state in ('open', 'accepted'))))::int
            from expert e
            where profile_at is not null and @PathologyCode = any(pathology_codes)
            """,
            new { request.PathologyCode, Now = time.GetUtcNow() });
        return new ForPathologyReply { Experts = experts, Available = available };
    }
}
