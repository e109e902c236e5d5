-- The folder of documents carries the same id: a sweep against another, an empty or a restored-elsewhere database must not take every file for an orphan.
create table installation (
  singleton boolean primary key default true constraint installation_is_one check (singleton),
  id uuid not null default gen_random_uuid()
);
insert into installation default values;

-- Room that an upload in progress has been promised; what a killed process left behind expires.
create table upload_reservation (
  document_id uuid primary key,
  case_id uuid not null references case_file (id),
  bytes bigint not null,
  expires_at timestamptz not null
);
create index upload_reservation_of_case on upload_reservation (case_id);
