using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Matching.Offers;

/// <summary>What a coordinator is to look at: the cases for which one was called and whose cause still holds, the latest case first.</summary>
internal static class ListAttention
{
    /// <summary>A case that a coordinator is to look at.</summary>
    /// <param name="CaseId">The case.</param>
    /// <param name="State"><c>waiting</c>, <c>offered</c>, <c>assigned</c> or <c>escalated</c>.</param>
    /// <param name="DueAt">End of the 7-day promise as it stands now.</param>
    /// <param name="PhysicianId">Who has the case or is being asked; null when nobody.</param>
    /// <param name="Reasons">Codes, as in the case's escalations; <c>place_of_care_unknown</c> when the patient does not know where they are treated, so that
    /// only a person can judge independence.</param>
    internal sealed record CaseForCoordinator(Guid CaseId, string State, DateTimeOffset DueAt, Guid? PhysicianId, IReadOnlyList<string> Reasons);

    public static void Map(RouteGroupBuilder api) => api.MapGet("/matching/attention", Handle)
        .AllowRoles(Roles.Ops)
        .WithName("ListAttention")
        .WithSummary("Cases that need a coordinator")
        .WithDescription(
            "Nobody can be asked, three physicians refused, the clock is short, the physician who accepted is silent, or it is not known where the patient is "
            + "treated. A case leaves the list when its cause is gone. The latest case first; at most 100 a page.");

    private static async Task<Results<Ok<Page<CaseForCoordinator>>, Problem>> Handle(
        int? limit, string? after, ClaimsPrincipal user, NpgsqlDataSource dataSource, Cursors cursors, CancellationToken cancel)
    {
        if (!cursors.Read(limit, after, user, "attention").TryGet(out var page, out var refusal))
        {
            return refusal;
        }

        var (size, last) = page;
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var found = (await db.QueryAsync<Row>(
            """
            select case_id, state, due_at, physician_id, reasons
            from (
              select c.case_id, c.state, c.due_at, o.physician_id,
                array(
                  select e.reason
                  from escalation e
                  -- About a physician: only about the one who has the case now.
                  where e.case_id = c.case_id and e.rank = case when c.state = 'assigned' then o.rank else 0 end
                  order by e.escalated_at, e.reason)
                || case when c.place_of_care = 'unknown' then array['place_of_care_unknown'] else '{}'::text[] end as reasons
              from matching_case c
              left join offer o on o.case_id = c.case_id and o.state in ('open', 'accepted')
              where c.state in ('waiting', 'offered', 'assigned', 'escalated')) called
            where cardinality(reasons) > 0 and (@last::uuid is null or case_id < @last)
            order by case_id desc
            limit @Limit
            """,
            new { last, Limit = size + 1 })).AsList();
        var items = found.Take(size).Select(r => new CaseForCoordinator(r.CaseId, r.State, r.DueAt, r.PhysicianId, r.Reasons)).ToList();
        return TypedResults.Ok(new Page<CaseForCoordinator>(items, found.Count > size ? cursors.Encode(items[^1].CaseId, user, "attention") : null));
    }

    private sealed record Row(Guid CaseId, string State, DateTimeOffset DueAt, Guid? PhysicianId, string[] Reasons);
}
