-- People whom neither an insurer nor the fund covers pay for themselves, before their case is opened; what is not used is paid back.
create table self_payment (
  id uuid primary key,
  -- What the transfer must name (ISO 11649); the case names it like a member number.
  reference text not null unique,
  -- A keyed mark of the patient's account; gone once the case is erased.
  account bytea,
  cents bigint not null constraint self_payment_positive check (cents > 0),
  paid_cents bigint not null default 0 constraint self_payment_never_more check (paid_cents between 0 and cents),
  state text not null constraint self_payment_state_known check (
    state in ('awaited', 'paid', 'reserved', 'consumed', 'cancelled', 'refund_due', 'refund_ordered', 'refunded')),
  case_id uuid unique,
  ordered_at timestamptz not null,
  ended_at timestamptz,
  constraint self_payment_used_when_whole check (state not in ('paid', 'reserved', 'consumed') or paid_cents = cents),
  constraint self_payment_owed_back check (state not in ('refund_due', 'refund_ordered', 'refunded') or paid_cents > 0)
);
create index self_payment_of_account on self_payment (account);
create index self_payment_to_refund on self_payment (id) where state = 'refund_due';

-- One transfer an order to the bank; the file is kept as it was given out.
create table self_refund (
  id uuid primary key,
  payment_id uuid not null references self_payment (id),
  message_id text not null unique,
  cents bigint not null constraint self_refund_positive check (cents > 0),
  state text not null constraint self_refund_state_known check (state in ('ordered', 'paid', 'rejected')),
  reject_code text,
  file text not null,
  ordered_by text not null,
  ordered_at timestamptz not null,
  settled_at timestamptz
);
create unique index self_refund_once on self_refund (payment_id) where state <> 'rejected';
