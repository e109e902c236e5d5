-- Invoices and credit notes to insurers. Written whole in one transaction and never changed.

-- The row is the last number of its year: its lock makes numbers continuous, and a transaction that does not commit gives its number back.
create table invoice_sequence (
  year smallint primary key,
  last int not null constraint invoice_sequence_positive check (last > 0)
);

create table invoice (
  id uuid primary key,
  year smallint not null,
  sequence int not null,
  number text not null unique,
  kind text not null constraint invoice_kind_known check (kind in ('invoice', 'credit_note')),
  insurer_id uuid not null references insurer (id),
  -- First day of the month that it is for.
  month date not null constraint invoice_month_begins check (extract(day from month) = 1),
  -- The invoice that a credit note takes back, whole or in part, and why.
  corrects uuid references invoice (id),
  reason text,
  issued_on date not null,
  due_on date not null,
  -- What the payment must name (ISO 11649).
  reference text not null unique,
  -- Seller and buyer as they stood on that day.
  parties jsonb not null,
  net_cents bigint not null,
  vat_cents bigint not null,
  gross_cents bigint not null,
  issued_at timestamptz not null,
  unique (year, sequence),
  constraint invoice_adds_up check (gross_cents = net_cents + vat_cents and net_cents >= 0 and vat_cents >= 0),
  constraint credit_note_corrects check ((kind = 'credit_note') = (corrects is not null) and (kind = 'credit_note') = (reason is not null))
);
create index invoice_of_insurer on invoice (insurer_id, id);
create index invoice_corrected on invoice (corrects) where corrects is not null;

create table invoice_line (
  invoice_id uuid not null references invoice (id),
  line int not null,
  pricing text not null constraint invoice_pricing_known check (pricing in ('per_opinion', 'per_member_per_month')),
  contract_code text not null,
  -- A pseudonym made for the invoice alone: nothing that an insurer knows leads to it.
  reference text not null,
  delivered_on date,
  case_id uuid,
  quantity bigint not null constraint invoice_quantity_positive check (quantity > 0),
  unit_cents bigint not null,
  net_cents bigint not null,
  vat_category text not null,
  vat_rate int not null,
  vat_exemption text not null,
  vat_exemption_code text not null,
  -- The line of the corrected invoice that a line of a credit note takes back.
  credits_invoice uuid,
  credits_line int,
  primary key (invoice_id, line),
  foreign key (credits_invoice, credits_line) references invoice_line (invoice_id, line),
  constraint invoice_line_adds_up check (net_cents = quantity * unit_cents)
);
create unique index invoice_line_opinion_once on invoice_line (case_id) where case_id is not null and credits_invoice is null;
create unique index invoice_line_credited_once on invoice_line (credits_invoice, credits_line) where credits_invoice is not null;

create table invoice_vat (
  invoice_id uuid not null references invoice (id),
  category text not null,
  -- Hundredths of a percent: 2000 is 20 %.
  rate int not null,
  exemption text not null,
  exemption_code text not null,
  basis_cents bigint not null,
  tax_cents bigint not null,
  primary key (invoice_id, category, rate, exemption_code)
);

-- People insured on the first day of a month, by contract: counted once, invoiced once.
create table member_month (
  insurer_id uuid not null references insurer (id),
  month date not null,
  contract smallint not null,
  members bigint not null constraint member_month_positive check (members > 0),
  roster_version int not null,
  invoice_id uuid not null references invoice (id),
  primary key (insurer_id, month, contract)
);

-- Months whose scheduled run is over.
create table invoice_run (
  month date primary key,
  finished_at timestamptz not null
);

create function invoice_must_add_up() returns trigger language plpgsql as $$
declare
  lines bigint;
  basis bigint;
  tax bigint;
begin
  select sum(net_cents) into lines from invoice_line where invoice_id = new.id;
  select sum(basis_cents), sum(tax_cents) into basis, tax from invoice_vat where invoice_id = new.id;
  if lines is distinct from new.net_cents or basis is distinct from new.net_cents or tax is distinct from new.vat_cents then
    raise exception 'invoice % does not add up: lines %, basis %, tax %', new.number, lines, basis, tax
      using errcode = 'check_violation', constraint = 'invoice_lines_add_up';
  end if;
  return null;
end $$;
create constraint trigger invoice_lines_add_up after insert on invoice
  deferrable initially deferred for each row execute function invoice_must_add_up();

create trigger invoice_append_only before update or delete on invoice for each row execute function history_is_append_only();
create trigger invoice_line_append_only before update or delete on invoice_line for each row execute function history_is_append_only();
create trigger invoice_vat_append_only before update or delete on invoice_vat for each row execute function history_is_append_only();
create trigger member_month_append_only before update or delete on member_month for each row execute function history_is_append_only();
create trigger invoice_no_truncate before truncate on invoice for each statement execute function history_is_append_only();
create trigger invoice_line_no_truncate before truncate on invoice_line for each statement execute function history_is_append_only();
create trigger invoice_vat_no_truncate before truncate on invoice_vat for each statement execute function history_is_append_only();
create trigger member_month_no_truncate before truncate on member_month for each statement execute function history_is_append_only();

comment on table invoice is 'append-only';
comment on table invoice_line is 'append-only';
comment on table invoice_vat is 'append-only';
comment on table member_month is 'append-only';
comment on table invoice_run is 'append-only';
