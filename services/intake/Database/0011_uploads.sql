-- An upload that may be interrupted (tus). Its id becomes the document's; its key, name and what the client said of it are sealed under the case's key.
create table document_upload (
  id uuid primary key,
  case_id uuid not null references case_file (id),
  state text not null constraint document_upload_state check (state in ('receiving', 'accepted', 'refused')),
  type_code text not null,
  document_date date,
  size_bytes bigint not null constraint document_upload_not_empty check (size_bytes > 0),
  received_bytes bigint not null default 0,
  sha256 text constraint document_upload_sha256 check (sha256 ~ '^[0-9a-f]{64}$'),
  sealed_name bytea not null,
  sealed_key bytea not null,
  sealed_metadata bytea not null,
  refusal_code text,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  constraint document_upload_within check (received_bytes between 0 and size_bytes),
  constraint document_upload_refusal check ((state = 'refused') = (refusal_code is not null))
);
create index document_upload_of_case on document_upload (case_id, id);
create index document_upload_expiry on document_upload (expires_at);

-- When the document itself was written or the examination made, as the person says.
alter table document add column document_date date;
create index document_by_hash on document (case_id, sha256);
