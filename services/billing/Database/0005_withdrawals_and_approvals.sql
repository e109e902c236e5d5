-- Cases that were withdrawn, also before billing heard of them: nothing is held for them any more. An id and a moment; no person.
create table withdrawn_case (
  case_id uuid primary key,
  withdrawn_at timestamptz not null
);

-- A roster that would take the place of a much larger one waits until somebody has looked at it.
alter table roster_import drop constraint import_state_known;
alter table roster_import add constraint import_state_known
  check (state in ('receiving', 'queued', 'running', 'awaiting_approval', 'imported', 'refused', 'failed')) not valid;
alter table roster_import
  -- Members of the version that answers, and of the one that would take its place.
  add column members_before bigint,
  add column members_after bigint,
  -- Who decided, and when; the decision is for this drop alone.
  add column decided_by text,
  add column decided_at timestamptz,
  add column approved boolean;
