-- Double entry: amounts in cents, debit positive, credit negative; a transaction's lines sum to zero or do not commit.

create table ledger_account (
  id uuid primary key,
  name text not null unique,
  kind text not null constraint account_kind_known check (kind in ('receivable', 'payable', 'revenue', 'cost')),
  -- The insurer or the physician (pseudonym) that the account is kept with.
  party_id uuid,
  unique nulls not distinct (kind, party_id)
);

create table ledger_transaction (
  id uuid primary key,
  -- The fact behind it, e.g. opinion:<case>: booked once.
  business_key text not null unique,
  case_id uuid,
  description text not null,
  booked_at timestamptz not null,
  -- Lines may only be added by the database transaction that made the row.
  made_in xid8 not null default pg_current_xact_id()
);
create index ledger_transaction_of_case on ledger_transaction (case_id);

create table ledger_line (
  transaction_id uuid not null references ledger_transaction (id),
  line smallint not null,
  account_id uuid not null references ledger_account (id),
  amount_cents bigint not null constraint amount_not_zero check (amount_cents <> 0),
  primary key (transaction_id, line)
);
create index ledger_line_of_account on ledger_line (account_id);

create function ledger_must_balance() returns trigger language plpgsql as $$
declare
  asked uuid;
  total numeric;
  lines int;
begin
  if tg_table_name = 'ledger_transaction' then
    asked := new.id;
  else
    asked := new.transaction_id;
  end if;
  select coalesce(sum(amount_cents), 0), count(*) into total, lines from ledger_line where transaction_id = asked;
  if lines < 2 or total <> 0 then
    raise exception 'ledger transaction % does not balance: % lines, sum %', asked, lines, total
      using errcode = 'check_violation', constraint = 'ledger_balances';
  end if;
  return null;
end $$;
create constraint trigger ledger_balances after insert on ledger_transaction
  deferrable initially deferred for each row execute function ledger_must_balance();
create constraint trigger ledger_line_balances after insert on ledger_line
  deferrable initially deferred for each row execute function ledger_must_balance();

create function ledger_transaction_marks() returns trigger language plpgsql as $$
begin
  new.made_in := pg_current_xact_id();
  return new;
end $$;
create trigger ledger_transaction_marks before insert on ledger_transaction for each row execute function ledger_transaction_marks();

create function ledger_line_belongs() returns trigger language plpgsql as $$
begin
  if not exists (select from ledger_transaction where id = new.transaction_id and made_in = pg_current_xact_id()) then
    raise exception 'ledger transaction % is closed', new.transaction_id
      using errcode = 'check_violation', constraint = 'ledger_transaction_is_closed';
  end if;
  return new;
end $$;
create trigger ledger_line_belongs before insert on ledger_line for each row execute function ledger_line_belongs();

create trigger ledger_transaction_append_only before update or delete on ledger_transaction for each row execute function history_is_append_only();
create trigger ledger_line_append_only before update or delete on ledger_line for each row execute function history_is_append_only();
create trigger ledger_account_append_only before update or delete on ledger_account for each row execute function history_is_append_only();
create trigger ledger_transaction_no_truncate before truncate on ledger_transaction for each statement execute function history_is_append_only();
create trigger ledger_line_no_truncate before truncate on ledger_line for each statement execute function history_is_append_only();
create trigger ledger_account_no_truncate before truncate on ledger_account for each statement execute function history_is_append_only();

-- Opinions that were delivered, also those whose coverage is not settled yet: they are booked when it is.
create table delivered_opinion (
  case_id uuid primary key,
  opinion_id uuid not null unique,
  physician_id uuid not null,
  delivered_at timestamptz not null,
  booked_at timestamptz
);
create index delivered_opinion_unbooked on delivered_opinion (case_id) where booked_at is null;
