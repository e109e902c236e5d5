-- The audit record as a chain: a link holds the hash of its record, of its number and of the link before it, so that a record which is changed, removed, added
-- beside or moved afterwards is found (./run audit verify, docs/decisions/0098).
create table audit_link (
  seq bigint primary key,
  record_id uuid not null constraint audit_link_once unique,
  hash bytea not null
);
comment on table audit_link is 'append-only';

-- Records that are not in the chain yet: put there by the database itself, whatever statement writes a record, and taken out within seconds.
create table audit_pending (record_id uuid primary key);
insert into audit_pending select id from audit_record;
create function audit_awaits_its_link() returns trigger language plpgsql as $$
begin
  insert into audit_pending (record_id) values (new.id);
  return null;
end $$;
create trigger audit_record_awaits_its_link after insert on audit_record for each row execute function audit_awaits_its_link();
