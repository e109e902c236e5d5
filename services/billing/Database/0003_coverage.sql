-- What was promised: one use of the service held for a case.

-- A person or a family that used the service. The hash of a person changes with the hashing key; the subject stays, so that uses are counted on.
create table use_subject (
  insurer_id uuid not null references insurer (id),
  key_id text not null,
  kind text not null constraint subject_kind_known check (kind in ('person', 'family')),
  hash bigint not null,
  subject_id uuid not null,
  primary key (insurer_id, kind, hash, key_id)
);
create index use_subject_by_id on use_subject (subject_id);

-- Uses held or consumed in a calendar year. Whoever adds one does it by `update … where uses < limit`: the row lock makes the limit hold.
create table use_count (
  subject_id uuid not null,
  year smallint not null,
  uses int not null constraint uses_not_negative check (uses >= 0),
  primary key (subject_id, year)
);

create table coverage (
  case_id uuid primary key,
  insurer_id uuid not null references insurer (id),
  contract smallint not null,
  contract_version int not null,
  roster_version int not null,
  person_id uuid not null,
  family_id uuid not null,
  year smallint not null,
  state text not null constraint coverage_state_known check (state in ('reserved', 'confirmed', 'released', 'expired')),
  engagement_number text not null,
  reserved_at timestamptz not null,
  expires_at timestamptz not null,
  ended_at timestamptz,
  foreign key (insurer_id, contract, contract_version) references contract_version (insurer_id, number, version)
);
create index coverage_expiring on coverage (expires_at) where state = 'reserved';
create index coverage_of_insurer on coverage (insurer_id, reserved_at);

-- A refusal is told once per case and code.
create table coverage_refusal (
  case_id uuid not null,
  code text not null,
  refused_at timestamptz not null,
  primary key (case_id, code)
);

-- How often each client asked; people who ask are in audit_record one by one.
create table check_count (
  minute timestamptz not null,
  insurer_id uuid not null,
  actor_role text not null,
  actor text not null,
  code text not null,
  contract smallint not null,
  asked bigint not null,
  primary key (insurer_id, minute, actor_role, actor, code, contract)
);
