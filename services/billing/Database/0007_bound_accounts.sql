-- The families about which a patient account asked, so that no account asks its way through an insurer's members. Keyed marks on both sides: without the
-- key (Beneficiaries:Keys) the table tells nobody's account and nobody's membership.
create table account_family (
  account bytea not null,
  insurer_id uuid not null references insurer (id),
  key_id text not null,
  family bigint not null,
  first_asked_at timestamptz not null,
  primary key (account, insurer_id, key_id, family)
);
