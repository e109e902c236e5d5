-- When somebody last changed the case: files that nobody finishes do not stay for ever.
alter table case_file add column touched_at timestamptz not null default now();
create function case_was_touched() returns trigger language plpgsql as $$
begin
  new.touched_at := now();
  return new;
end $$;
create trigger case_touched before update on case_file for each row when (old.version is distinct from new.version) execute function case_was_touched();
create index case_unfinished on case_file (touched_at) where state in ('draft', 'incomplete');
