-- The data key of each case, wrapped by the service's key of that id (Encryption:Keys).
create table case_key (
  case_id uuid primary key,
  key_version text not null,
  wrapped_key bytea not null
);

-- What the physician is writing. The row stays after signing, without content, so that its version never goes back.
create table opinion_draft (
  case_id uuid primary key,
  physician_id uuid not null,
  version int not null,
  -- Encrypted JSON; null when there is nothing to sign.
  content bytea,
  saved_at timestamptz not null
);

create table opinion (
  opinion_id uuid primary key,
  case_id uuid not null constraint opinion_one_per_case unique,
  physician_id uuid not null
);

-- Signed opinions. A correction is a further version; nothing here ever changes.
create table opinion_version (
  opinion_id uuid not null references opinion,
  version int not null constraint opinion_version_counts_from_one check (version >= 1),
  signed_at timestamptz not null,
  -- Encrypted JSON and encrypted PDF.
  content bytea not null,
  pdf bytea not null,
  -- Of the PDF as delivered.
  sha256 text not null constraint opinion_version_sha256 check (sha256 ~ '^[0-9a-f]{64}$'),
  size_bytes bigint not null,
  primary key (opinion_id, version)
);

create function opinion_is_immutable() returns trigger language plpgsql as $$
begin
  raise exception 'a signed opinion is immutable: write a new version' using errcode = 'insufficient_privilege';
end $$;
create trigger opinion_immutable before update or delete on opinion for each row execute function opinion_is_immutable();
create trigger opinion_no_truncate before truncate on opinion for each statement execute function opinion_is_immutable();
create trigger opinion_version_immutable before update or delete on opinion_version for each row execute function opinion_is_immutable();
create trigger opinion_version_no_truncate before truncate on opinion_version for each statement execute function opinion_is_immutable();
