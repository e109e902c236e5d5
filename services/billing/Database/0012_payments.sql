-- What the bank reported, and what each payment was for.

create table bank_statement (
  id uuid primary key,
  iban text not null,
  -- Of the bank; a statement is taken once.
  statement_id text not null,
  imported_at timestamptz not null,
  unique (iban, statement_id)
);

-- A line of a statement: credits positive. The entry's key tells a line that stands in two statements.
create table bank_entry (
  id uuid primary key,
  statement_id uuid not null references bank_statement (id),
  iban text not null,
  entry_key text not null,
  cents bigint not null constraint bank_entry_not_zero check (cents <> 0),
  booked_on date not null,
  -- The reference of an invoice or a payment that was found; never the payer's words.
  reference text,
  unique (iban, entry_key)
);
create trigger bank_statement_append_only before update or delete on bank_statement for each row execute function history_is_append_only();
create trigger bank_entry_append_only before update or delete on bank_entry for each row execute function history_is_append_only();

-- Money that reached an invoice. An entry may pay several invoices, an invoice may be paid by several entries.
create table settlement (
  id uuid primary key,
  invoice_id uuid not null references invoice (id),
  entry_id uuid not null references bank_entry (id),
  cents bigint not null constraint settlement_positive check (cents > 0),
  settled_at timestamptz not null
);
create index settlement_of_invoice on settlement (invoice_id);
create index settlement_of_entry on settlement (entry_id);
create trigger settlement_append_only before update or delete on settlement for each row execute function history_is_append_only();
create trigger settlement_no_truncate before truncate on settlement for each statement execute function history_is_append_only();

-- What of an entry waits for somebody to say what it is for; what has no row, or 0, is placed.
create table suspense (
  entry_id uuid primary key references bank_entry (id),
  cents bigint not null constraint suspense_not_negative check (cents >= 0)
);
create index suspense_open on suspense (entry_id) where cents > 0;

create table reminder (
  invoice_id uuid not null references invoice (id),
  level smallint not null constraint reminder_level_known check (level between 1 and 3),
  reminded_on date not null,
  open_cents bigint not null,
  primary key (invoice_id, level)
);
create trigger reminder_append_only before update or delete on reminder for each row execute function history_is_append_only();

-- Of an invoice: what is neither paid nor taken back.
create view invoice_open as
select i.id, i.insurer_id, i.number, i.reference, i.due_on, i.gross_cents,
  i.gross_cents - coalesce((select sum(s.cents) from settlement s where s.invoice_id = i.id), 0)
    - coalesce((select sum(c.gross_cents) from invoice c where c.corrects = i.id), 0) as open_cents
from invoice i
where i.kind = 'invoice';

comment on table bank_statement is 'append-only';
comment on table bank_entry is 'append-only';
comment on table settlement is 'append-only';
comment on table reminder is 'append-only';
