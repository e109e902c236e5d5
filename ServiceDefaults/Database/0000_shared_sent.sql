-- Events that the broker has confirmed, kept for three days. A restored database is older than the broker's queues: what was in them then is published again
-- from here, under the same message ids (docs/decisions/0130).
create table outbox_sent (
  id bigint primary key,
  message_id uuid not null,
  aggregate_id uuid not null,
  message_type text not null,
  body text not null,
  trace_parent text,
  created_at timestamptz not null,
  sent_at timestamptz not null default now()
);
create index outbox_sent_at on outbox_sent using brin (sent_at);
