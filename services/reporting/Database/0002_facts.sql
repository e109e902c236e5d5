-- The star. Events come in any order, so every column but the key may still be unknown, and each says by itself which event wins.
-- There is no physician key in any fact, on purpose: outcomes must never rank physicians.

create table case_fact (
  case_id uuid primary key,

  -- dimensions, by code
  pathology_code text,
  specialty_code text,
  department_code text,
  requested_by text,
  insurer_id uuid,
  coverage text,
  coverage_at timestamptz,

  -- where the case is: the move with the highest sequence
  state text,
  state_sequence int not null default 0,
  state_at timestamptz,

  -- milestones
  opened_at timestamptz,
  submitted_at timestamptz,
  completed_at timestamptz,
  due_at timestamptz,
  first_offered_at timestamptz,
  assigned_at timestamptz,
  escalated_at timestamptz,
  delivered_at timestamptz,
  withdrawn_at timestamptz,
  booked_at timestamptz,

  -- outcome of the latest version of the opinion
  opinion_version int not null default 0,
  outcome_version int not null default 0,
  diagnosis text,
  treatment text,
  impact text,

  receivable_cents bigint,
  payable_cents bigint
);
create index case_fact_opened on case_fact (opened_at);

-- Every move of a case along its states.
create table state_change_fact (
  case_id uuid not null,
  sequence int not null,
  from_state text not null,
  to_state text not null,
  changed_at timestamptz not null,
  primary key (case_id, sequence)
);

-- Every offer to a physician (who is left out) and how it ended.
create table offer_fact (
  offer_id uuid primary key,
  case_id uuid not null,
  rank int,
  offered_at timestamptz,
  accepted_at timestamptz,
  declined_at timestamptz,
  decline_reason text,
  closed_at timestamptz,
  close_reason text
);
create index offer_fact_of_case on offer_fact (case_id);

-- The times during which the 7-day clock stood still.
create table information_wait_fact (
  request_id uuid primary key,
  case_id uuid not null,
  requested_at timestamptz,
  provided_at timestamptz
);
create index information_wait_fact_of_case on information_wait_fact (case_id);
