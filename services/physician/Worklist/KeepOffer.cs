using Dapper;
using SecondOpinion.Contracts.Matching;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Physician.Worklist;

/// <summary>Matching asks a physician: the offer appears on the worklist. If a later event overtook it, only the details are filled in.</summary>
internal sealed class KeepOffer(Inbox inbox) : IHandle<CaseOffered>
{
    public Task Handle(Delivery<CaseOffered> delivery) => inbox.Once(delivery, nameof(KeepOffer), db =>
    {
        var offer = delivery.Event;
        return db.ExecuteAsync(
            """
            insert into worklist_item (offer_id, case_id, physician_id, state, pathology_code, rank, offered_at, expires_at, due_at, basis, considered)
            values (@OfferId, @CaseId, @PhysicianId, 'offered', @PathologyCode, @Rank, @OfferedAt, @ExpiresAt, @DueAt, @Basis, @Considered)
            on conflict (offer_id) do update
            set pathology_code = excluded.pathology_code,
              rank = excluded.rank,
              offered_at = excluded.offered_at,
              expires_at = excluded.expires_at,
              due_at = coalesce(worklist_item.due_at, excluded.due_at),
              basis = excluded.basis,
              considered = excluded.considered
            """,
            offer);
    });
}
