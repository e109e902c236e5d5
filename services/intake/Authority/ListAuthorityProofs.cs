using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Intake.Cases;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Authority;

/// <summary>The proofs that wait for somebody to look at them, for agents. No name and no disease in the list.</summary>
internal static class ListAuthorityProofs
{
    /// <summary>A proof that waits.</summary>
    /// <param name="CaseId">The case.</param>
    /// <param name="State">Of the case; a <c>submitted</c> one waits for nothing else.</param>
    /// <param name="OpenedAt">When it was opened.</param>
    /// <param name="SubmittedAt">When it was submitted; null before.</param>
    internal sealed record WaitingProof(Guid CaseId, string State, DateTimeOffset OpenedAt, DateTimeOffset? SubmittedAt);

    public static void Map(RouteGroupBuilder api) => api.MapGet("/cases/authority-proofs", Handle)
        .AllowRoles(Roles.Agent)
        .WithName("ListAuthorityProofs")
        .WithSummary("Proofs of authority that wait for a review")
        .WithDescription("Of cases that somebody else than the patient opened. The latest case first; at most 100 a page.");

    private static async Task<Results<Ok<Page<WaitingProof>>, Problem>> Handle(
        int? limit, string? after, ClaimsPrincipal user, NpgsqlDataSource dataSource, Cursors cursors, CancellationToken cancel)
    {
        if (!cursors.Read(limit, after, user, "authority-proofs").TryGet(out var page, out var refusal))
        {
            return refusal;
        }

        var (size, last) = page;
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var found = (await db.QueryAsync<Row>(
            $"""
            select id, state, opened_at, submitted_at
            from case_file
            where {AuthorityReview.Waits} and (@last::uuid is null or id < @last)
            order by id desc
            limit @Limit
            """,
            new { last, Limit = size + 1 })).AsList();
        var items = found.Take(size).Select(r => new WaitingProof(r.Id, r.State.Text, r.OpenedAt, r.SubmittedAt)).ToList();
        return TypedResults.Ok(new Page<WaitingProof>(items, found.Count > size ? cursors.Encode(items[^1].CaseId, user, "authority-proofs") : null));
    }

    private sealed record Row(Guid Id, Word<CaseState> State, DateTimeOffset OpenedAt, DateTimeOffset? SubmittedAt);
}
