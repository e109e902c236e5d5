using Dapper;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.Matching.Offers;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Matching.Physicians;

/// <summary>A physician went away, came back, or takes more or fewer cases: keeps the latest by its own time, even before the profile is known.</summary>
internal sealed class KeepAvailability(Inbox inbox, WaitingCases waiting) : IHandle<AvailabilityChanged>
{
    public async Task Handle(Delivery<AvailabilityChanged> delivery)
    {
        var changed = delivery.Event;
        await inbox.Once(delivery, nameof(KeepAvailability), db => db.ExecuteAsync(
            """
            insert into expert (physician_id, capacity, capacity_at, weekly_capacity, leaves, away_until, away_at, suspended)
            values (@PhysicianId, @Capacity, @ChangedAt, @WeeklyCapacity, @Leaves, @AwayUntil, @ChangedAt, coalesce(@Suspended, false))
            on conflict (physician_id) do update
            set capacity = case when expert.capacity_at <= excluded.capacity_at then excluded.capacity else expert.capacity end,
              capacity_at = greatest(expert.capacity_at, excluded.capacity_at),
              weekly_capacity = excluded.weekly_capacity,
              leaves = excluded.leaves,
              away_until = excluded.away_until,
              away_at = excluded.away_at,
              suspended = coalesce(@Suspended, expert.suspended)
            where expert.away_at is null or expert.away_at <= excluded.away_at
            """,
            new
            {
                changed.PhysicianId,
                changed.Capacity,
                changed.ChangedAt,
                changed.WeeklyCapacity,
                Leaves = changed.Leaves ?? [],
                changed.AwayUntil,
                changed.Suspended,
            }));
        await waiting.LookAgain(changed.PhysicianId);
        await waiting.LookAtOwn(changed.PhysicianId);
    }
}
