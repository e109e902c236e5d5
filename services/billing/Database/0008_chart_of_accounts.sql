-- Every side of the house has its accounts: what is invoiced, VAT, the bank and what is on its way to it, patients, the solidarity fund.
alter table ledger_account drop constraint account_kind_known;
alter table ledger_account add constraint account_kind_known check (kind in (
  'receivable', 'payable', 'revenue', 'cost', 'invoiced', 'subscription', 'vat', 'bank', 'transit', 'suspense', 'advance', 'patient', 'fund'));

-- The accountant's journal; what was booked before this column are delivered opinions.
alter table ledger_transaction add column journal text not null default 'opinions'
  constraint journal_known check (journal in ('opinions', 'sales', 'fees', 'bank'));
create index ledger_transaction_booked on ledger_transaction (booked_at, id);

-- The continuous number that French tax law asks for (art. A47 A-1 LPF). Given once, in the order of booking, when the year's file is made; never taken back.
create table ledger_number (
  year smallint not null,
  number bigint not null constraint ledger_number_positive check (number > 0),
  transaction_id uuid not null unique references ledger_transaction (id),
  numbered_at timestamptz not null,
  primary key (year, number)
);
create trigger ledger_number_append_only before update or delete on ledger_number for each row execute function history_is_append_only();
create trigger ledger_number_no_truncate before truncate on ledger_number for each statement execute function history_is_append_only();
