using Dapper;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Matching.Cases;

/// <summary>The patient answered: the clock runs again to a later end, and the physician's silence counts from now.</summary>
internal sealed class KeepDeadline(Inbox inbox, TimeProvider time) : IHandle<InformationProvided>
{
    public Task Handle(Delivery<InformationProvided> delivery) => inbox.Once(delivery, nameof(KeepDeadline), db =>
        db.ExecuteAsync(
            // Pauses only ever move the end later, so the latest end is the right one in whatever order the answers arrive.
            """
            update matching_case
            set due_at = greatest(due_at, @DueAt),
              paused_since = case when paused_since <= @ProvidedAt then null else paused_since end,
              answered_at = greatest(answered_at, @ProvidedAt),
              worked_on_at = greatest(worked_on_at, @ProvidedAt),
              next_look_at = @Now
            where case_id = @CaseId and state = 'assigned'
            """,
            new { delivery.Event.CaseId, delivery.Event.DueAt, delivery.Event.ProvidedAt, Now = time.GetUtcNow() }));
}
