using Dapper;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Reporting.Events;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Reporting.Facts;

/// <summary>Intake's events: who asks, for which pathology, and how the case moves. A late event never undoes a later one.</summary>
internal sealed class FollowCases(EventLog log)
    : IHandle<CaseOpened>, IHandle<CaseStateChanged>, IHandle<CaseCompleted>, IHandle<CaseWithdrawn>, IHandle<InformationProvided>,
      IHandle<ConsentChanged>, IHandle<SocialFactsTold>, IHandle<CaseErased>
{
    /// <summary>Of two tellings the later one counts; not telling takes nothing back.</summary>
    private const string SetDepartment =
        """
        insert into case_fact (case_id, department_code, department_at)
        select @CaseId, @DepartmentCode, @ToldAt
        where @DepartmentCode::text is not null
        on conflict (case_id) do update set
          department_code = excluded.department_code,
          department_at = excluded.department_at
        where case_fact.department_at is null or case_fact.department_at <= excluded.department_at
        """;

    private const string SetSocialFacts =
        """
        insert into case_fact (case_id, mission_category, pcs_group, disability, heard_from, treating_physician_aware, social_at)
        values (@CaseId, @MissionCategory, @PcsGroup, @Disability, @HeardFrom, @TreatingPhysicianAware, @ToldAt)
        on conflict (case_id) do update set
          mission_category = excluded.mission_category,
          pcs_group = excluded.pcs_group,
          disability = excluded.disability,
          heard_from = excluded.heard_from,
          treating_physician_aware = excluded.treating_physician_aware,
          social_at = excluded.social_at
        where case_fact.social_at is null or case_fact.social_at <= excluded.social_at;

        """;

    public Task Handle(Delivery<CaseOpened> delivery)
    {
        var e = delivery.Event;
        return log.Once(delivery, nameof(FollowCases), e.CaseId, e.OpenedAt, db => db.ExecuteAsync(
            """
            insert into case_fact (case_id, pathology_code, requested_by, insurer_id, coverage, coverage_at, opened_at)
            values (@CaseId, @PathologyCode, @RequestedBy, @InsurerId, @Coverage, @OpenedAt, @OpenedAt)
            on conflict (case_id) do update set
              pathology_code = excluded.pathology_code,
              requested_by = excluded.requested_by,
              insurer_id = coalesce(excluded.insurer_id, case_fact.insurer_id),
              coverage = case when case_fact.coverage_at > excluded.coverage_at then case_fact.coverage else excluded.coverage end,
              coverage_at = greatest(case_fact.coverage_at, excluded.coverage_at),
              opened_at = excluded.opened_at;

            """ + SetDepartment,
            new { e.CaseId, e.PathologyCode, e.DepartmentCode, ToldAt = e.OpenedAt, e.RequestedBy, e.InsurerId, e.Coverage, e.OpenedAt }));
    }

    public Task Handle(Delivery<CaseStateChanged> delivery)
    {
        var e = delivery.Event;
        return log.Once(delivery, nameof(FollowCases), e.CaseId, e.ChangedAt, db => db.ExecuteAsync(
            """
            insert into state_change_fact (case_id, sequence, from_state, to_state, changed_at)
            values (@CaseId, @Sequence, @From, @To, @ChangedAt)
            on conflict do nothing;

            insert into case_fact (case_id, state, state_sequence, state_at)
            values (@CaseId, @To, @Sequence, @ChangedAt)
            on conflict (case_id) do update set
              state = excluded.state,
              state_sequence = excluded.state_sequence,
              state_at = excluded.state_at
            where case_fact.state_sequence < excluded.state_sequence
            """,
            new { e.CaseId, e.Sequence, e.From, e.To, e.ChangedAt }));
    }

    public Task Handle(Delivery<CaseCompleted> delivery)
    {
        // A file sent back as incomplete can be completed again: the clock counts from the last completion, the patient's wait from the first submission.
        var e = delivery.Event;
        return log.Once(delivery, nameof(FollowCases), e.CaseId, e.CompletedAt, db => db.ExecuteAsync(
            """
            insert into case_fact (case_id, pathology_code, specialty_code, submitted_at, completed_at, due_at)
            values (@CaseId, @PathologyCode, @SpecialtyCode, @SubmittedAt, @CompletedAt, @DueAt)
            on conflict (case_id) do update set
              pathology_code = coalesce(case_fact.pathology_code, excluded.pathology_code),
              specialty_code = excluded.specialty_code,
              submitted_at = least(case_fact.submitted_at, excluded.submitted_at),
              completed_at = greatest(case_fact.completed_at, excluded.completed_at),
              due_at = greatest(case_fact.due_at, excluded.due_at)
            """,
            new
            {
                e.CaseId,
                e.PathologyCode,
                e.SpecialtyCode,
                e.SubmittedAt,
                e.CompletedAt,
                e.DueAt,
            }));
    }

    public Task Handle(Delivery<CaseWithdrawn> delivery)
    {
        var e = delivery.Event;
        return log.Once(delivery, nameof(FollowCases), e.CaseId, e.WithdrawnAt, db => db.ExecuteAsync(
            """
            insert into case_fact (case_id, withdrawn_at)
            values (@CaseId, @WithdrawnAt)
            on conflict (case_id) do update set withdrawn_at = excluded.withdrawn_at
            """,
            new { e.CaseId, e.WithdrawnAt }));
    }

    public Task Handle(Delivery<InformationProvided> delivery)
    {
        var e = delivery.Event;
        return log.Once(delivery, nameof(FollowCases), e.CaseId, e.ProvidedAt, db => db.ExecuteAsync(
            """
            insert into information_wait_fact (request_id, case_id, provided_at)
            values (@RequestId, @CaseId, @ProvidedAt)
            on conflict (request_id) do update set provided_at = least(information_wait_fact.provided_at, excluded.provided_at);

            insert into case_fact (case_id, due_at)
            values (@CaseId, @DueAt)
            on conflict (case_id) do update set due_at = greatest(case_fact.due_at, excluded.due_at)
            """,
            new { e.RequestId, e.CaseId, e.ProvidedAt, e.DueAt }));
    }

    /// <summary>Kept in the log as the proof of what was agreed to when; no indicator counts it.</summary>
    public Task Handle(Delivery<ConsentChanged> delivery) =>
        log.Once(delivery, nameof(FollowCases), delivery.Event.CaseId, delivery.Event.ChangedAt);

    /// <summary>For the equity indicators: the last telling counts. The département counts whenever it is told.</summary>
    public Task Handle(Delivery<SocialFactsTold> delivery)
    {
        var e = delivery.Event;
        return log.Once(delivery, nameof(FollowCases), e.CaseId, e.ToldAt, db => db.ExecuteAsync(
            SetSocialFacts + SetDepartment,
            new { e.CaseId, e.MissionCategory, e.PcsGroup, e.Disability, e.HeardFrom, e.TreatingPhysicianAware, e.DepartmentCode, e.ToldAt }));
    }

    public Task Handle(Delivery<CaseErased> delivery) =>
        log.Once(delivery, nameof(FollowCases), delivery.Event.CaseId, delivery.Event.ErasedAt, db => EventLog.Forget(db, delivery.Event.CaseId));
}
