-- What an insurer is told as it happens, and the addresses at which it wants to be told. Nothing clinical, and nobody's name.

-- An address of an insurer. `former` is the secret before the last change: until `former_until` both sign.
create table webhook (
  id uuid primary key,
  insurer_id uuid not null references insurer (id),
  url text not null,
  -- Empty: all.
  types text[] not null,
  state text not null constraint webhook_state_known check (state in ('active', 'paused', 'stopped')),
  version int not null,
  -- Sealed under a key derived from the hashing key of that name.
  secret bytea not null,
  key_id text not null,
  former_secret bytea,
  former_key_id text,
  former_until timestamptz,
  -- The circuit: failures in a row of whatever was sent there; nothing is sent before open_until.
  failures int not null,
  open_until timestamptz,
  -- The first failure after the last success.
  failing_since timestamptz,
  -- Whoever sends there holds it until then.
  leased_until timestamptz,
  changed_by text not null,
  created_at timestamptz not null,
  changed_at timestamptz not null,
  constraint webhook_former_whole check ((former_secret is null) = (former_until is null) and (former_secret is null) = (former_key_id is null))
);
create index webhook_of_insurer on webhook (insurer_id, id);

create sequence partner_event_position;

create table partner_event (
  -- Random: an id made of the time would tell when a member asked.
  id uuid primary key,
  insurer_id uuid not null references insurer (id),
  type text not null,
  -- What it is about. Events of one subject are told in the order in which they were written.
  subject uuid not null,
  data jsonb not null,
  -- Set where one person stands behind the event: told in elevens of one contract, the day after (docs/decisions/0126).
  contract smallint,
  -- For one address alone.
  only_for uuid references webhook (id) on delete cascade,
  -- Names what is told once, whoever writes it how often.
  once text,
  written bigint generated always as identity,
  happened_at timestamptz not null,
  -- Its place in the sequence of all that was told, and when; null until then.
  position bigint unique,
  told_at timestamptz,
  unique (insurer_id, once),
  constraint partner_event_told check ((position is null) = (told_at is null))
);
create index partner_event_untold on partner_event (written) where position is null;
create index partner_event_of_insurer on partner_event (insurer_id, position) where position is not null;
create index partner_event_subject_untold on partner_event (subject, written) where position is null;

create table webhook_delivery (
  id uuid primary key,
  webhook_id uuid not null references webhook (id) on delete cascade,
  event_id uuid not null references partner_event (id),
  position bigint not null,
  subject uuid not null,
  state text not null constraint webhook_delivery_state_known check (state in ('pending', 'delivered', 'dead')),
  attempts int not null,
  next_attempt_at timestamptz not null,
  settled_at timestamptz,
  unique (webhook_id, event_id)
);
create index webhook_delivery_pending on webhook_delivery (webhook_id, subject, position) where state = 'pending';
create index webhook_delivery_log on webhook_delivery (webhook_id, position);
create index webhook_delivery_settled on webhook_delivery (settled_at) where settled_at is not null;
create index webhook_delivery_of_event on webhook_delivery (event_id);

-- Every attempt, with what came of it.
create table webhook_attempt (
  id uuid primary key,
  delivery_id uuid not null references webhook_delivery (id) on delete cascade,
  attempted_at timestamptz not null,
  -- Null when nothing was answered.
  status int,
  fault text not null,
  milliseconds int not null
);
create index webhook_attempt_of_delivery on webhook_attempt (delivery_id);
comment on table webhook_attempt is 'append-only';
