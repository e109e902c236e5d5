-- Cases and what people say in them. Columns named sealed_* hold AES-256-GCM under the key of the case (case_key): no name, birth date,
-- number, answer or message is readable from the database alone.

create table case_file (
  id uuid primary key,
  patient_id uuid not null,
  requested_by text not null constraint case_requested_by check (requested_by in ('patient', 'relative', 'physician', 'agent')),
  opened_by text not null,
  legal_regime text not null constraint case_legal_regime check (legal_regime in ('teleexpertise', 'teleconseil_personnalise')),
  state text not null constraint case_state check (state in (
    'draft', 'submitted', 'incomplete', 'complete', 'offered', 'assigned', 'awaiting_information', 'delivered', 'closed',
    'redirected', 'refused', 'withdrawn', 'escalated')),
  sequence int not null default 0,
  version bigint not null default 1,
  pathology_code text not null,
  specialty_code text not null,
  department_code text,
  treating_establishment text,
  treating_physician text,

  sealed_person bytea not null,

  questionnaire_code text not null,
  questionnaire_version int not null,
  general_version int not null,
  sealed_answers bytea,
  answers_version bigint not null default 1,
  sealed_questions bytea,
  question_count int not null default 0 constraint case_question_count check (question_count between 0 and 5),
  questions_version bigint not null default 1,

  coverage text not null constraint case_coverage check (coverage in ('pending', 'covered', 'reserved', 'refused', 'none')),
  sealed_coverage_question bytea,
  insurer_id uuid,
  insurer_name text,
  engagement_number text,
  engagement_expires_at timestamptz,
  refusal_code text,
  refusal_text text,
  roster_version int,
  coverage_checked_at timestamptz,
  coverage_next_attempt_at timestamptz,
  coverage_attempts int not null default 0,

  redirected_to text,
  opened_at timestamptz not null,
  submitted_at timestamptz,
  completed_at timestamptz,
  due_at timestamptz,
  paused_since timestamptz,
  stopped_at timestamptz,
  assigned_physician uuid,
  opinion_id uuid,
  matching_seen_at timestamptz,

  constraint case_refused_has_code check (coverage <> 'refused' or refusal_code is not null),
  constraint case_clock_whole check ((completed_at is null) = (due_at is null)),
  constraint case_pause_needs_clock check (paused_since is null or completed_at is not null)
);
create index case_of_patient on case_file (patient_id, id desc);
create index case_of_opener on case_file (opened_by, id desc);
create index case_coverage_pending on case_file (coverage_next_attempt_at) where coverage = 'pending';

-- The data key of a case, wrapped by a versioned key of the installation. Deleting the row makes the case unreadable for good.
create table case_key (
  case_id uuid primary key references case_file (id) deferrable initially deferred,
  key_version text not null,
  wrapped_key bytea not null
);
create index case_key_version on case_key (key_version);

-- The path that a case took through the state machine.
create table case_move (
  case_id uuid not null references case_file (id),
  sequence int not null,
  move text not null,
  from_state text not null,
  to_state text not null,
  at timestamptz not null,
  primary key (case_id, sequence)
);

-- Each given or taken back consent is a row of its own: what was agreed to, to which text, when and by whom stays provable.
create table consent (
  id uuid primary key,
  case_id uuid not null references case_file (id),
  purpose text not null constraint consent_purpose check (purpose in ('processing', 'sharing_with_treating_physician', 'contact_after_six_months')),
  granted boolean not null,
  text_version int not null,
  text_sha256 text not null,
  given_by text not null,
  channel text not null constraint consent_channel check (channel in ('online', 'phone', 'in_person')),
  at timestamptz not null
);
create index consent_of_case on consent (case_id, purpose, at desc, id desc);

create table document (
  id uuid primary key,
  case_id uuid not null references case_file (id),
  type_code text not null,
  media_type text not null,
  size_bytes bigint not null constraint document_not_empty check (size_bytes > 0),
  sha256 text not null,
  sealed_name bytea not null,
  sealed_key bytea not null,
  uploaded_at timestamptz not null
);
create index document_of_case on document (case_id, id);

create table information_request (
  id uuid primary key,
  case_id uuid not null references case_file (id),
  physician_id uuid not null,
  sealed_question bytea not null,
  requested_at timestamptz not null,
  sealed_answer bytea,
  provided_at timestamptz,
  constraint information_answer_whole check ((sealed_answer is null) = (provided_at is null))
);
-- One question at a time: the clock cannot be paused twice.
create unique index information_request_open on information_request (case_id) where provided_at is null;
create index information_request_of_case on information_request (case_id, id);

-- What a phone agent filled in was read back and the patient said yes: to these very versions of the answers and questions.
create table confirmation (
  id uuid primary key,
  case_id uuid not null references case_file (id),
  answers_version bigint not null,
  questions_version bigint not null,
  confirmed_by text not null,
  channel text not null constraint confirmation_channel check (channel in ('online', 'phone')),
  at timestamptz not null
);
create index confirmation_of_case on confirmation (case_id, id desc);
