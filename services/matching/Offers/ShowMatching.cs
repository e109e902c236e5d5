using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Matching.Cases;
using SecondOpinion.Matching.Choosing;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Matching.Offers;

/// <summary>Shows operations how a case found its physician: every choice with every candidate and the reason, every offer, every
/// escalation.</summary>
internal static class ShowMatching
{
    /// <summary>How a case found its physician.</summary>
    /// <param name="CaseId">The case.</param>
    /// <param name="State"><c>waiting</c>, <c>offered</c>, <c>assigned</c>, <c>delivered</c>, <c>withdrawn</c> or <c>escalated</c>.</param>
    /// <param name="PathologyCode">Code of the catalogue.</param>
    /// <param name="DueAt">End of the 7-day promise as it stands now.</param>
    /// <param name="PhysicianId">Who has the case or is being asked; null when nobody.</param>
    /// <param name="PlaceOfCare"><c>given</c>, <c>none</c> (no establishment treats the patient) or <c>unknown</c>: independence of establishments could not be
    /// judged, and the coordinator does. Null in cases older than the question.</param>
    /// <param name="RemindedAt">The last reminder of the physician who has the case.</param>
    /// <param name="Offers">In the order in which they were made.</param>
    /// <param name="Choices">In the order in which they were made.</param>
    /// <param name="Escalations">When a coordinator was called, oldest first.</param>
    internal sealed record CaseMatching(
        Guid CaseId,
        string State,
        [property: HealthData] string? PathologyCode,
        DateTimeOffset? DueAt,
        Guid? PhysicianId,
        string? PlaceOfCare,
        DateTimeOffset? RemindedAt,
        IReadOnlyList<MatchingOffer> Offers,
        IReadOnlyList<MatchingChoice> Choices,
        IReadOnlyList<MatchingEscalation> Escalations);

    /// <summary>One physician asked for the case.</summary>
    /// <param name="OfferId">The offer.</param>
    /// <param name="PhysicianId">Who was asked.</param>
    /// <param name="Rank">1 for the first physician asked.</param>
    /// <param name="State"><c>open</c>, <c>accepted</c>, <c>declined</c>, <c>expired</c>, <c>withdrawn</c>, <c>replaced</c> or
    /// <c>delivered</c>.</param>
    /// <param name="OfferedAt">When.</param>
    /// <param name="ExpiresAt">Until when it could be answered.</param>
    /// <param name="ClosedAt">When it ended; null while it is open.</param>
    /// <param name="PredictedAt">When the opinion was expected at the acceptance; null before.</param>
    internal sealed record MatchingOffer(
        Guid OfferId, Guid PhysicianId, int Rank, string State, DateTimeOffset OfferedAt, DateTimeOffset ExpiresAt, DateTimeOffset? ClosedAt,
        DateTimeOffset? PredictedAt);

    /// <summary>One choice among the physicians who came into question.</summary>
    /// <param name="Rank">1 for the first choice.</param>
    /// <param name="MadeAt">When.</param>
    /// <param name="Basis"><c>pathology</c> (référents of it), <c>specialty</c> (there is none) or <c>coordinator</c>.</param>
    /// <param name="PhysicianId">Who was chosen; null when nobody could be.</param>
    /// <param name="Candidates">Everybody who came into question, with the reason; the chosen one first.</param>
    /// <param name="Explanation">Why, in French and without a name: a coordinator may read it to the patient.</param>
    internal sealed record MatchingChoice(
        int Rank, DateTimeOffset MadeAt, string Basis, Guid? PhysicianId, IReadOnlyList<Candidate> Candidates, string Explanation);

    /// <summary>A coordinator was called.</summary>
    /// <param name="Reason"><c>no_expert</c>, <c>too_many_refusals</c>, <c>deadline_near</c>; of an accepted case <c>silent_physician</c>,
    /// <c>no_replacement</c> or <c>overdue</c>.</param>
    /// <param name="EscalatedAt">When.</param>
    internal sealed record MatchingEscalation(string Reason, DateTimeOffset EscalatedAt);

    public static void Map(RouteGroupBuilder api) => api.MapGet("/matching/cases/{caseId:guid}", Handle)
        .AllowRoles(Roles.Ops)
        .WithName("ShowMatching")
        .WithSummary("How a case found its physician")
        .WithDescription("Every choice with all candidates and why each was taken or left, every offer and every escalation. Codes, and a "
            + "sentence for each choice.");

    /// <param name="caseId">The case.</param>
    private static async Task<Results<Ok<CaseMatching>, Problem>> Handle(Guid caseId, ClaimsPrincipal user, NpgsqlDataSource dataSource,
        CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        await AuditTrail.Record(db, user, "read", "matching", caseId, "operations");
        await using var all = await db.QueryMultipleAsync(
            """
            select state, pathology_code, due_at, place_of_care, reminded_at from matching_case where case_id = @caseId;
            select offer_id, physician_id, rank, state, offered_at, expires_at, closed_at, predicted_at from offer where case_id = @caseId order by rank;
            select rank, made_at, basis, physician_id, candidates from choice where case_id = @caseId order by rank;
            select reason, escalated_at from escalation where case_id = @caseId order by escalated_at
            """,
            new { caseId });
        var known = await all.ReadSingleOrDefaultAsync<CaseRow>();
        if (known is null)
        {
            return CommonProblems.Absent();
        }

        var offers = (await all.ReadAsync<MatchingOffer>()).AsList();
        var choices = (await all.ReadAsync<ChoiceRow>())
            .Select(c =>
            {
                var candidates = NextChoice.ReadCandidates(c.Candidates);
                return new MatchingChoice(
                    c.Rank, c.MadeAt, c.Basis.Text, c.PhysicianId, candidates, Explanation.Of(c.Basis.Value, c.PhysicianId, candidates));
            }).ToList();
        var escalations = (await all.ReadAsync<MatchingEscalation>()).AsList();
        return TypedResults.Ok(new CaseMatching(
            caseId,
            known.State.Text,
            known.PathologyCode,
            known.DueAt,
            offers.LastOrDefault(o => o.State is "open" or "accepted" or "delivered")?.PhysicianId,
            known.PlaceOfCare,
            known.RemindedAt,
            offers,
            choices,
            escalations));
    }

    private sealed record CaseRow(
        Word<MatchingState> State, string? PathologyCode, DateTimeOffset? DueAt, string? PlaceOfCare, DateTimeOffset? RemindedAt);

    private sealed record ChoiceRow(int Rank, DateTimeOffset MadeAt, Word<Basis> Basis, Guid? PhysicianId, string Candidates);
}
