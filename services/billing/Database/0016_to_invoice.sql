-- Opinions that an insurer owes and that no invoice has: written with their booking, gone with their invoice. A run reads what is due, not all that ever was.
create table to_invoice (
  case_id uuid primary key references delivered_opinion (case_id),
  insurer_id uuid not null references insurer (id),
  cents bigint not null constraint to_invoice_positive check (cents > 0),
  delivered_at timestamptz not null
);
create index to_invoice_of_insurer on to_invoice (insurer_id, delivered_at);

insert into to_invoice (case_id, insurer_id, cents, delivered_at)
select d.case_id, c.insurer_id, l.amount_cents, d.delivered_at
from delivered_opinion d
join coverage c on c.case_id = d.case_id
join ledger_transaction t on t.business_key = 'opinion:' || d.case_id
join ledger_line l on l.transaction_id = t.id
join ledger_account a on a.id = l.account_id and a.kind = 'receivable' and a.party_id = c.insurer_id
where d.booked_at is not null and not exists (select from invoice_line b where b.case_id = d.case_id and b.credits_invoice is null);
