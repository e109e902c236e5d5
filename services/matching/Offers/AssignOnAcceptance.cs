using Dapper;
using Npgsql;
using SecondOpinion.Contracts.Matching;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.Matching.Cases;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Matching.Offers;

/// <summary>
/// A physician accepted: the case is assigned if the offer is still open. Offers are matching's own, so this is the one place that decides it.
/// </summary>
internal sealed partial class AssignOnAcceptance(
    Inbox inbox, NextChoice next, MatchingMetrics metrics, TimeProvider time, ILogger<AssignOnAcceptance> logger)
    : IHandle<OfferAccepted>
{
    public Task Handle(Delivery<OfferAccepted> delivery) => inbox.Once(delivery, nameof(AssignOnAcceptance), async db =>
    {
        var accepted = delivery.Event;
        var wanted = await MatchingCase.Lock(db, accepted.CaseId);
        var now = time.GetUtcNow();
        var won = wanted is null ? null : await Accept(db, accepted, wanted.DueAt!.Value, now);
        if (wanted is null || won is null)
        {
            // Told twice, or it had ended meanwhile; then OfferClosed has gone out and closes the physician's own row.
            Log.TooLate(logger, accepted.OfferId);
            return;
        }

        await Outbox.Publish(db, accepted.CaseId, new CaseAssigned
        {
            OfferId = accepted.OfferId,
            CaseId = accepted.CaseId,
            PhysicianId = accepted.PhysicianId,
            AssignedAt = now,
            PredictedAt = won.PredictedAt,
            Basis = won.Basis,
            Considered = won.Considered,
        });
        metrics.OfferEnded(OfferState.Accepted);
        // Watched from now on.
        await next.Advance(db, wanted with { State = MatchingState.Assigned, AssignedAt = now, WorkedOnAt = null, RemindedAt = null }, now);
    });

    /// <summary>What becomes of an offer that was still open; null when it was not. Kept beside the clock's end: a pause moves both.</summary>
    private static Task<Won?> Accept(NpgsqlConnection db, OfferAccepted accepted, DateTimeOffset dueAt, DateTimeOffset now) =>
        db.QuerySingleOrDefaultAsync<Won>(
            $"""
            update offer a
            set state = 'accepted', accepted_at = @now, due_when_accepted = @dueAt,
              predicted_at = @now + make_interval(secs => 3600 * (select {Candidates.TurnaroundHours} from expert e where e.physician_id = a.physician_id))
            from choice c
            where a.offer_id = @OfferId and a.case_id = @CaseId and a.physician_id = @PhysicianId and a.state = 'open'
              and c.case_id = a.case_id and c.rank = a.rank
            returning a.predicted_at, c.basis, jsonb_array_length(c.candidates) as considered
            """,
            new { accepted.OfferId, accepted.CaseId, accepted.PhysicianId, dueAt, now });

    private sealed record Won(DateTimeOffset PredictedAt, string Basis, int Considered);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Offer {OfferId} was accepted too late, or twice")]
        public static partial void TooLate(ILogger logger, Guid offerId);
    }
}
