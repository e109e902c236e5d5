-- For whom a physician gives opinions, and how well each disease is known; what weekly work and leave allow.
alter table expert
  add column languages text[] not null default '{fr}' constraint expert_speaks check (cardinality(languages) > 0),
  add column patients text not null default 'all' constraint expert_patients check (patients in ('all', 'adults', 'children')),
  add column reference_pathologies text[] not null default '{}',
  add column occasional_pathologies text[] not null default '{}',
  add column weekly_capacity int constraint expert_weekly_capacity check (weekly_capacity >= 0),
  -- ISO 8601 intervals of days, first and last included.
  add column leaves text[] not null default '{}';

alter table matching_case
  add column patient_is_minor boolean not null default false,
  add column language text not null default 'fr';

-- When the opinion was expected at the acceptance, and how long it took in the end without the time of the patient's answers.
alter table offer
  add column accepted_at timestamptz,
  add column due_when_accepted timestamptz,
  add column predicted_at timestamptz,
  add column turnaround interval;
create index offer_turnaround on offer (physician_id, closed_at desc) where turnaround is not null;
