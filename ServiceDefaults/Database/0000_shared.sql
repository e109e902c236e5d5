-- What every service has beside its own tables.

-- Facts to publish, written in the transaction of the state they tell about. A row leaves when the broker has confirmed it.
create table outbox (
  id bigint generated always as identity primary key,
  message_id uuid not null unique,
  aggregate_id uuid not null,
  message_type text not null,
  body text not null,
  trace_parent text,
  created_at timestamptz not null default now(),
  attempts int not null default 0,
  next_attempt_at timestamptz not null default now(),
  parked_at timestamptz,
  last_error text
);
create index outbox_due on outbox (aggregate_id, id) where parked_at is null;
alter table outbox set (autovacuum_vacuum_scale_factor = 0.01);

-- Messages that had their effect; pruned after 30 days, when the business key of the effect still guards it.
create table inbox (
  message_id uuid not null,
  consumer text not null,
  received_at timestamptz not null default now(),
  primary key (message_id, consumer)
);
create index inbox_received on inbox (received_at);

-- Answers given under an Idempotency-Key, inserted with their effect; kept 24 h.
create table idempotency (
  tenant text not null,
  route text not null,
  key text not null,
  request_sha256 text not null,
  status int not null,
  location text,
  etag text,
  body text,
  created_at timestamptz not null default now(),
  primary key (tenant, route, key)
);
create index idempotency_created on idempotency (created_at);

-- Who read or exported health data, when and why. Append-only.
create table audit_record (
  id uuid primary key,
  at timestamptz not null default now(),
  actor_role text not null,
  actor text not null,
  action text not null,
  object_type text not null,
  object_id text not null,
  purpose text not null,
  trace_id text
);
create function audit_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'audit_record is append-only' using errcode = 'insufficient_privilege';
end $$;
create trigger audit_record_append_only before update or delete on audit_record for each row execute function audit_is_append_only();
create trigger audit_record_no_truncate before truncate on audit_record for each statement execute function audit_is_append_only();
