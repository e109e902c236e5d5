-- Who is insured, by keyed hashes only. Each version of an insurer's roster is a table of its own in the schema `rosters`:
-- it is filled while nobody reads it, and becomes visible by one row of `roster` changing.

create schema rosters;
create sequence roster_table_number;

create table roster_import (
  id uuid primary key,
  insurer_id uuid not null references insurer (id),
  kind text not null constraint roster_kind_known check (kind in ('whole', 'delta')),
  state text not null constraint import_state_known check (state in ('receiving', 'queued', 'running', 'imported', 'refused', 'failed')),
  requested_by text not null,
  size_bytes bigint not null,
  received_bytes bigint not null default 0,
  phase text not null default '',
  bytes_read bigint not null default 0,
  lines_read bigint not null default 0,
  accepted bigint not null default 0,
  rejected bigint not null default 0,
  attempts int not null default 0,
  refusal_code text,
  roster_version int,
  -- The table being filled, so that a killed import leaves nothing behind for good.
  table_name text,
  created_at timestamptz not null,
  queued_at timestamptz,
  started_at timestamptz,
  finished_at timestamptz,
  updated_at timestamptz not null
);
create index roster_import_open on roster_import (queued_at) where state in ('queued', 'running');
create index roster_import_of_insurer on roster_import (insurer_id, created_at);

-- Lines that were not taken: where and why, never what they held.
create table roster_reject (
  import_id uuid not null references roster_import (id),
  line bigint not null,
  field text not null,
  code text not null,
  primary key (import_id, line)
);

create table roster_version (
  insurer_id uuid not null references insurer (id),
  version int not null,
  import_id uuid not null references roster_import (id),
  table_name text not null,
  -- Which hashing key made the table's hashes; the key itself is not in this database.
  key_id text not null,
  members bigint not null,
  imported_at timestamptz not null,
  -- The table is gone: only the last versions are kept.
  dropped_at timestamptz,
  primary key (insurer_id, version)
);

create table roster_version_contract (
  insurer_id uuid not null,
  version int not null,
  contract smallint not null,
  members bigint not null,
  primary key (insurer_id, version, contract),
  foreign key (insurer_id, version) references roster_version (insurer_id, version)
);

-- The version that answers questions.
create table roster (
  insurer_id uuid primary key references insurer (id),
  version int not null,
  switched_at timestamptz not null,
  foreign key (insurer_id, version) references roster_version (insurer_id, version)
);
