using Npgsql;
using SecondOpinion.Matching.Cases;
using SecondOpinion.Matching.Choosing;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Matching.Offers;

/// <summary>
/// Gives physicians to the cases that wait at one moment in one decision (<see cref="Assignment"/>): after a standstill, or when somebody with many places
/// comes back. A case that comes alone is asked for at once (<see cref="OfferCompletedCase"/>).
/// </summary>
internal sealed class AssignTogether(NpgsqlDataSource dataSource, NextChoice next, MatchingOptions options, TimeProvider time)
{
    /// <summary>As many as one transaction may hold up the physicians for: about a second.</summary>
    private const int Batch = 200;

    /// <returns>How many cases were moved on; none when fewer than two wait.</returns>
    public Task<int> Run(CancellationToken cancel) => dataSource.InTransaction(async db =>
    {
        var now = time.GetUtcNow();
        var due = await MatchingCase.LockWaiting(db, now, Batch);
        if (due.Count < 2)
        {
            return 0;
        }

        var askable = new Dictionary<Guid, Assignment.Waiting>();
        foreach (var wanted in due)
        {
            if (await Offer.CountRefusals(db, wanted.CaseId) < options.RefusalsBeforeEscalation)
            {
                askable[wanted.CaseId] = new Assignment.Waiting(wanted.CaseId, await Candidates.CaseToMatch(db, wanted));
            }
        }

        var experts = await Candidates.LockForAll(db, due, now);
        var plan = Assignment.Of(askable.Values, experts, now);
        foreach (var wanted in due)
        {
            if (plan.TryGetValue(wanted.CaseId, out var physicianId))
            {
                var decision = Choice.Choose(askable[wanted.CaseId].Case, experts, now, physicianId);
                await next.OfferTo(db, wanted, physicianId, decision, await NextChoice.NextRank(db, wanted.CaseId), now);
            }
            else
            {
                // Nobody is left for it, or too many have refused: the coordinator is called.
                await next.Advance(db, wanted, now);
            }
        }

        return due.Count;
    }, cancel);
}
