-- How long a case is kept, when its active use ends, and what became of it (docs/decisions/0099). A case is dated once it is over.
alter table case_file
  add column active_until date,
  add column kept_until date,
  -- Out of everybody's sight, unless it was opened again for somebody's right.
  add column archived_at timestamptz,
  add column reopened_until timestamptz,
  -- Its keys are destroyed and it belongs to nobody.
  add column erased_at timestamptz;
alter table case_file add constraint case_erased_is_empty check (erased_at is null or (octet_length(sealed_person) = 0 and sealed_answers is null));
create index case_undated on case_file (id) where kept_until is null and state in ('closed', 'redirected', 'refused', 'withdrawn');
create index case_to_archive on case_file (active_until) where archived_at is null and erased_at is null;
create index case_to_erase on case_file (kept_until) where erased_at is null;

-- What each pass of the retention did, or would have done.
create table retention_run (
  id uuid primary key,
  at timestamptz not null,
  dry_run boolean not null,
  archived int not null,
  erased int not null,
  failed int not null
);
comment on table retention_run is 'append-only';
