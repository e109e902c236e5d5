-- A complete case on its way to a physician.
create table matching_case (
  case_id uuid primary key,
  state text not null constraint matching_case_state check (state in ('waiting', 'offered', 'assigned', 'delivered', 'withdrawn', 'escalated')),
  -- Null only when the withdrawal arrived before the completion.
  pathology_code text,
  specialty_code text,
  treating_establishment text,
  completed_at timestamptz,
  due_at timestamptz,
  -- When the sweep must look at the case next (expiry of its offer, 72 h left, another try); null when nothing is to come.
  next_look_at timestamptz,
  constraint matching_case_is_known check (state = 'withdrawn' or (pathology_code is not null and specialty_code is not null and due_at is not null))
);
create index matching_case_due on matching_case (next_look_at) where next_look_at is not null;
create index matching_case_waiting on matching_case (pathology_code) where state = 'waiting';

-- One physician asked for one case. While open or accepted it holds one of the physician's places.
create table offer (
  offer_id uuid primary key,
  case_id uuid not null references matching_case,
  physician_id uuid not null references expert,
  rank int not null constraint offer_rank_counts_from_one check (rank >= 1),
  state text not null constraint offer_state check (state in ('open', 'accepted', 'declined', 'expired', 'withdrawn', 'delivered')),
  offered_at timestamptz not null,
  expires_at timestamptz not null,
  closed_at timestamptz,
  constraint offer_rank_once unique (case_id, rank),
  constraint offer_physician_is_asked_once unique (case_id, physician_id)
);
create unique index offer_one_live_per_case on offer (case_id) where state in ('open', 'accepted');
create index offer_place_held on offer (physician_id) where state in ('open', 'accepted');
create index offer_latest on offer (physician_id, offered_at desc);

-- Why a physician was chosen or left, for every candidate: codes only. Never any measure of convergence.
create table choice (
  case_id uuid not null references matching_case,
  rank int not null,
  made_at timestamptz not null,
  basis text not null constraint choice_basis check (basis in ('pathology', 'specialty', 'coordinator')),
  physician_id uuid,
  candidates jsonb not null,
  primary key (case_id, rank)
);

-- The coordinator is called once for each reason.
create table escalation (
  case_id uuid not null references matching_case,
  reason text not null constraint escalation_reason check (reason in ('no_expert', 'too_many_refusals', 'deadline_near')),
  escalated_at timestamptz not null,
  primary key (case_id, reason)
);
