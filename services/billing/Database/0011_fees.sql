-- What physicians are due, to which account it goes, and the transfers that the bank was asked for.

-- Append-only: the highest version is in force. The holder's name stands as the bank has it: banks compare it (verification of payee).
create table payee_version (
  physician_id uuid not null,
  version int not null,
  holder text not null,
  iban text not null,
  bic text not null,
  siret text not null,
  street text not null,
  post_code text not null,
  city text not null,
  changed_by text not null,
  changed_at timestamptz not null,
  primary key (physician_id, version)
);
create trigger payee_version_append_only before update or delete on payee_version for each row execute function history_is_append_only();
create trigger payee_version_no_truncate before truncate on payee_version for each statement execute function history_is_append_only();

-- One order to the bank with all its transfers; the file is kept as it was given out.
create table fee_run (
  id uuid primary key,
  month date not null,
  message_id text not null unique,
  execution_on date not null,
  total_cents bigint not null,
  transfers int not null,
  file text not null,
  ordered_at timestamptz not null
);
create index fee_run_of_month on fee_run (month);

create table fee_transfer (
  id uuid primary key,
  run_id uuid not null references fee_run (id),
  physician_id uuid not null,
  payee_version int not null,
  end_to_end_id text not null unique,
  cents bigint not null constraint fee_transfer_positive check (cents > 0),
  state text not null constraint fee_transfer_state_known check (state in ('ordered', 'paid', 'rejected')),
  reject_code text,
  settled_at timestamptz,
  foreign key (physician_id, payee_version) references payee_version (physician_id, version)
);
create index fee_transfer_of_run on fee_transfer (run_id);
create index fee_transfer_of_physician on fee_transfer (physician_id);

create table fee (
  case_id uuid primary key,
  physician_id uuid not null,
  cents bigint not null constraint fee_positive check (cents > 0),
  delivered_at timestamptz not null,
  state text not null constraint fee_state_known check (state in ('due', 'ordered', 'paid', 'cancelled')),
  transfer_id uuid references fee_transfer (id),
  constraint fee_has_its_transfer check ((state in ('ordered', 'paid')) = (transfer_id is not null))
);
create index fee_due on fee (physician_id) where state = 'due';
create index fee_of_transfer on fee (transfer_id) where transfer_id is not null;
create index fee_of_physician on fee (physician_id, delivered_at);

insert into fee (case_id, physician_id, cents, delivered_at, state)
select case_id, physician_id, 12000, delivered_at, 'due' from delivered_opinion where booked_at is not null;

comment on table payee_version is 'append-only';
comment on table fee_run is 'append-only';
