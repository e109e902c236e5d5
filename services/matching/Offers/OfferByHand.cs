using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Matching.Cases;
using SecondOpinion.Matching.Choosing;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Idempotency;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Matching.Offers;

/// <summary>
/// A coordinator names the physician to ask, after an escalation or in place of one who is silent. Independence and capacity hold for coordinators too.
/// </summary>
internal static class OfferByHand
{
    /// <summary>Whom the coordinator chose.</summary>
    /// <param name="PhysicianId">The physician to be asked.</param>
    /// <param name="Replaces">The physician who has accepted the case and is to lose it; left out for a case that nobody has.</param>
    internal sealed record OfferByHandRequest(Guid PhysicianId, Guid? Replaces = null);

    /// <summary>An offer that was made.</summary>
    /// <param name="CaseId">The case.</param>
    /// <param name="PhysicianId">Who is asked.</param>
    /// <param name="Rank">1 for the first physician asked.</param>
    internal sealed record OfferMade(Guid CaseId, Guid PhysicianId, int Rank);

    public static void Map(RouteGroupBuilder api) => api.MapPost("/matching/cases/{caseId:guid}/offers", Handle)
        .AllowRoles(Roles.Ops)
        .Refuses(Problems.NotWaiting, Problems.CannotBeAsked)
        .WithName("OfferByHand")
        .WithSummary("Ask a physician chosen by the coordinator")
        .WithDescription(
            "For a case that waits or was escalated, or, with `replaces`, for one that a silent physician has; not while that physician waits for the patient. "
            + "The physician must be admitted, independent of who and where treats the patient, for patients of that age, not asked before, here, and have a "
            + "free place: else MAT-0002 with the reason. The language is not asked about: whoever names the physician sees to an interpreter.");

    /// <param name="caseId">The case.</param>
    private static Task<Results<Once<Ok<OfferMade>>, Problem>> Handle(
        Guid caseId, OfferByHandRequest request, HttpContext http, NpgsqlDataSource dataSource, NextChoice next, TimeProvider time) =>
        Idempotent.Run<OfferByHandRequest, Ok<OfferMade>>(dataSource, http, request, async db =>
        {
            if (await MatchingCase.Lock(db, caseId) is not { } wanted)
            {
                return CommonProblems.Absent();
            }

            var accepted = wanted is { State.Value: MatchingState.Assigned, PausedSince: null } ? await Offer.Live(db, caseId) : null;
            var replaces = accepted is not null && accepted.PhysicianId == request.Replaces;
            if (!replaces && wanted.State.Value is not (MatchingState.Waiting or MatchingState.Escalated))
            {
                return Problems.CaseIs(wanted.State.Value);
            }

            var now = time.GetUtcNow();
            var experts = await Candidates.Lock(db, request.PhysicianId, now);
            if (experts is not [var expert])
            {
                return CommonProblems.Invalid(new FieldError("#/physicianId", "unknown_physician", "Ce médecin n'est pas dans la liste des référents."));
            }

            var toMatch = await Candidates.CaseToMatch(db, wanted) with { Language = expert.Languages[0] };
            var verdict = Choice.Judge(toMatch, expert, now);
            if (verdict != Verdict.Eligible)
            {
                return Problems.PhysicianIs(verdict);
            }

            var rank = await NextChoice.NextRank(db, caseId);
            var decision = new Decision(expert.PhysicianId, Basis.Coordinator, [Candidate.Of(expert, Verdict.Chosen, Choice.Score(toMatch, expert, now))]);
            await (replaces
                ? next.Replace(db, wanted, accepted!, expert.PhysicianId, decision, now)
                : next.OfferTo(db, wanted, expert.PhysicianId, decision, rank, now));
            return TypedResults.Ok(new OfferMade(caseId, expert.PhysicianId, rank));
        });
}
