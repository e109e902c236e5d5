-- For whom a physician gives opinions, and how well each disease is known; what weekly work and leave allow.
alter table physician
  add column languages text[] not null default '{fr}' constraint physician_speaks check (cardinality(languages) > 0),
  add column patients text not null default 'all' constraint physician_patients check (patients in ('all', 'adults', 'children')),
  add column reference_pathologies text[] not null default '{}',
  add column occasional_pathologies text[] not null default '{}',
  add column weekly_capacity int constraint physician_weekly_capacity check (weekly_capacity between 0 and 1000),
  -- ISO 8601 intervals of days, first and last included.
  add column leaves text[] not null default '{}',
  add constraint physician_levels_are_of_own_pathologies
    check (reference_pathologies <@ pathology_codes and occasional_pathologies <@ pathology_codes and not reference_pathologies && occasional_pathologies);

-- Why matching asked this physician, in codes.
alter table worklist_item
  add column basis text constraint worklist_item_basis check (basis in ('pathology', 'specialty', 'coordinator')),
  add column considered int;
