-- What the instances of one service must share and nobody else knows, e.g. the key that signs cursors. Made by the first instance that starts.
create table service_secret (
  name text primary key,
  value bytea not null,
  made_at timestamptz not null default now()
);
