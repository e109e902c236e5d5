-- Who pays: complementary insurers, their contracts, and every version of both.

create table insurer (
  id uuid primary key,
  amc_number text not null unique constraint amc_number_has_10_digits check (amc_number ~ '^[0-9]{10}$'),
  version int not null
);

-- Append-only: the row with the highest version is in force, the others tell what was.
create table insurer_version (
  insurer_id uuid not null references insurer (id),
  version int not null,
  name text not null,
  kind text not null constraint insurer_kind_known check (kind in ('mutuelle', 'institution_de_prevoyance', 'assureur')),
  invoice_name text not null,
  invoice_street text not null,
  invoice_post_code text not null,
  invoice_city text not null,
  changed_by text not null,
  changed_at timestamptz not null,
  primary key (insurer_id, version)
);

-- `number` is the short name of a contract in roster rows: two bytes instead of a code repeated 28 million times.
create table contract (
  insurer_id uuid not null references insurer (id),
  number smallint not null,
  code text not null,
  version int not null,
  primary key (insurer_id, number),
  unique (insurer_id, code)
);

-- Append-only: on a day of service the highest version whose applies_from has come is in force.
create table contract_version (
  insurer_id uuid not null,
  number smallint not null,
  version int not null,
  applies_from date not null,
  label text not null,
  kind text not null constraint contract_kind_known check (kind in ('sante', 'prevoyance')),
  service_included boolean not null,
  uses_per_person int constraint uses_per_person_positive check (uses_per_person > 0),
  uses_per_family int constraint uses_per_family_positive check (uses_per_family > 0),
  waiting_days int not null constraint waiting_days_not_negative check (waiting_days >= 0),
  valid_from date not null,
  valid_to date,
  pricing text not null constraint pricing_known check (pricing in ('per_opinion', 'per_member_per_month')),
  price_cents bigint not null constraint price_not_negative check (price_cents >= 0),
  changed_by text not null,
  changed_at timestamptz not null,
  primary key (insurer_id, number, version),
  foreign key (insurer_id, number) references contract (insurer_id, number)
);

create function history_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
end $$;
create trigger insurer_version_append_only before update or delete on insurer_version for each row execute function history_is_append_only();
create trigger contract_version_append_only before update or delete on contract_version for each row execute function history_is_append_only();
