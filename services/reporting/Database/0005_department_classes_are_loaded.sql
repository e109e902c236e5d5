-- Classes were computed from cut-offs of our own; nobody had decided them (docs/decisions/0085). From now on a table is loaded by whoever answers for it.
delete from department_class;
delete from department_class_version;
alter table department_class_version
  drop column sha256,
  add column decided_by text not null,
  add column official boolean not null,
  add column loaded_by text not null,
  add column loaded_at timestamptz not null;
alter table department_class drop column name;

-- Told when the case was opened or later: the last word counts.
alter table case_fact add column department_at timestamptz;
update case_fact set department_at = opened_at where department_code is not null;
