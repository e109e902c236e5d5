-- An erased case leaves no trait of a person in the log: the one change that the log allows, and only for a case whose erasure it holds.
create or replace function event_log_is_append_only() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and current_setting('reporting.forgetting', true) = old.case_id::text
    and exists (select from event_log where case_id = old.case_id and event = 'intake.case-erased.v1')
    and (new.id, new.message_id, new.event, new.case_id, new.occurred_at, new.received_at, new.trace_id)
      is not distinct from (old.id, old.message_id, old.event, old.case_id, old.occurred_at, old.received_at, old.trace_id)
  then
    return new;
  end if;
  raise exception 'event_log is append-only' using errcode = 'insufficient_privilege';
end $$;

-- With the rights of the owner, since the service has none to change the log.
create function forget_case(forgotten uuid) returns void language plpgsql security definer set search_path = public as $$
begin
  perform set_config('reporting.forgetting', forgotten::text, true);
  update event_log
  set body = body || (
    select coalesce(jsonb_object_agg(trait, null), '{}')
    from unnest(case event
      when 'intake.case-opened.v1' then '{departmentCode}'
      when 'intake.case-completed.v1' then '{treatingEstablishment,involvedPhysicians,placeOfCare}'
      else '{departmentCode,pcsGroup,missionCategory,disability,heardFrom,treatingPhysicianAware,reason,timing}'
    end::text[]) trait
    where body ? trait)
  where case_id = forgotten and event in ('intake.case-opened.v1', 'intake.case-completed.v1', 'intake.social-facts-told.v1');
  perform set_config('reporting.forgetting', '', true);
end $$;
