-- What each physician was offered and has: a copy of matching's offers, with the physician's own answers.
create table worklist_item (
  offer_id uuid primary key,
  case_id uuid not null,
  physician_id uuid not null,
  state text not null constraint worklist_item_state check (state in ('offered', 'accepted', 'declined', 'closed', 'assigned', 'delivered')),
  -- Null until CaseOffered arrives, which another event of the same offer may overtake.
  pathology_code text,
  rank int,
  offered_at timestamptz,
  expires_at timestamptz,
  due_at timestamptz,
  answered_at timestamptz,
  decline_reason text constraint worklist_item_decline_reason check (decline_reason in ('unavailable', 'not_my_field', 'conflict_of_interest', 'other')),
  closed_reason text,
  assigned_at timestamptz,
  delivered_at timestamptz,
  constraint worklist_item_is_known check (state in ('closed', 'assigned', 'delivered') or (pathology_code is not null and expires_at is not null))
);
create index worklist_item_of_physician on worklist_item (physician_id, offer_id desc);
create unique index worklist_item_one_physician_per_case on worklist_item (case_id) where state in ('assigned', 'delivered');

-- Questions to the patient, without their text, which stays in intake. The answer may be told before the question is recorded here.
create table information_request (
  request_id uuid primary key,
  case_id uuid not null,
  physician_id uuid not null,
  requested_at timestamptz,
  provided_at timestamptz
);
create index information_request_of_case on information_request (case_id);
