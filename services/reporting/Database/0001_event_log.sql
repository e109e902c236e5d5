-- Every event of every service, as it came: codes, ids, dates and counts. Never changed, so facts can be rebuilt from it.
create table event_log (
  id bigint generated always as identity primary key,
  message_id uuid not null,
  event text not null,
  case_id uuid,
  occurred_at timestamptz not null,
  received_at timestamptz not null,
  trace_id text,
  body jsonb not null,
  constraint event_log_once_per_message unique (message_id)
);
create index event_log_of_case on event_log (case_id, occurred_at, message_id) where case_id is not null;

create function event_log_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'event_log is append-only' using errcode = 'insufficient_privilege';
end $$;
create trigger event_log_append_only before update or delete on event_log for each row execute function event_log_is_append_only();
create trigger event_log_no_truncate before truncate on event_log for each statement execute function event_log_is_append_only();
