-- Opinions on their way to the treating physician, a row for each signed version. Neither the patient nor the recipient is kept: both are asked of intake
-- before each attempt, with the consent (docs/decisions/0120).
create table opinion_share (
  -- Also the mail's own id, so that a mail sent twice after a crash is known as one, and its receipts find it.
  share_id uuid primary key,
  case_id uuid not null,
  opinion_id uuid not null,
  version int not null,
  state text not null constraint opinion_share_state check (state in ('waiting', 'sending', 'sent', 'held', 'ended')),
  reason text constraint opinion_share_reason check (reason in (
    'not_agreed', 'no_recipient', 'identity_not_qualified', 'no_mailbox', 'case_over', 'address_refused', 'gave_up', 'superseded')),
  attempts int not null default 0,
  next_attempt_at timestamptz,
  claimed_at timestamptz,
  sent_at timestamptz,
  constraint opinion_share_once unique (opinion_id, version),
  constraint opinion_share_sent_at check ((state = 'sent') = (sent_at is not null))
);
create index opinion_share_due on opinion_share (next_attempt_at) where state in ('waiting', 'held');
create index opinion_share_of_case on opinion_share (case_id);
create index opinion_version_signed on opinion_version (signed_at);

-- What the recipient's system answered. The same answer twice is one.
create table share_receipt (
  share_id uuid not null references opinion_share,
  kind text not null constraint share_receipt_kind check (kind in ('processed', 'displayed', 'dispatched', 'deleted', 'not_integrated', 'bounced')),
  -- Of an integration error: 900 to 906; 0 with any other answer.
  code int not null constraint share_receipt_code check (code = 0 or code between 900 and 906),
  received_at timestamptz not null,
  primary key (share_id, kind, code)
);
comment on table share_receipt is 'append-only';
