-- Mails that ask a patient to go on: one for each reason, step and time of rest. The row is there before the mail leaves; its id is the mail's own, so that a
-- mail sent twice after a crash is known as one.
create table reminder (
  id uuid primary key,
  case_id uuid not null references case_file (id),
  reason text not null constraint reminder_reason check (reason in ('incomplete', 'expiry', 'question')),
  -- The case, or the physician's question.
  about uuid not null,
  -- Since when nothing has come.
  since timestamptz not null,
  -- Days of rest after which it was due.
  step smallint not null,
  state text not null constraint reminder_state check (state in ('sending', 'sent', 'no_address', 'refused')),
  at timestamptz not null,
  unique (about, reason, since, step)
);
create index reminder_of_case on reminder (case_id);
