-- Where the patient is treated decides who is independent: told, "nowhere", or "I do not know". Null until it is answered.
alter table case_file add column place_of_care text constraint case_place_of_care check (place_of_care in ('given', 'none', 'unknown'));
update case_file set place_of_care = 'given' where treating_establishment is not null;
alter table case_file add constraint case_place_is_given check (place_of_care is distinct from 'given' or treating_establishment is not null);

-- Physicians who accepted and were replaced: their late assignment counts no more.
alter table case_file add column replaced_physicians uuid[] not null default '{}';

-- Somebody of ours has looked at what a relative proves the authority with: these very documents.
create table authority_review (
  id uuid primary key,
  position bigint not null generated always as identity,
  case_id uuid not null references case_file (id),
  accepted boolean not null,
  reason text constraint authority_review_reason check (reason in ('unreadable', 'other_person', 'not_this_authority', 'not_the_person', 'no_agreement')),
  patient_agreed boolean not null,
  document_ids uuid[] not null,
  reviewed_by text not null,
  at timestamptz not null,
  constraint authority_review_refusal_has_reason check (accepted = (reason is null))
);
create index authority_review_of_case on authority_review (case_id, position desc);

-- A relative acts for an adult who decides: the adult's own agreement is kept like every other consent.
alter table consent drop constraint consent_purpose;
alter table consent add constraint consent_purpose
  check (purpose in ('processing', 'sharing_with_treating_physician', 'contact_after_six_months', 'teleexpertise', 'relative_acts'));

-- A question that the patient left unanswered stops holding up the opinion.
alter table information_request add column lapsed_at timestamptz;
alter table information_request drop constraint information_answer_whole;
alter table information_request add constraint information_answer_whole
  check (((sealed_answer is null) = (provided_at is null)) and (lapsed_at is null or provided_at is null));
drop index information_request_open;
create unique index information_request_open on information_request (case_id) where provided_at is null and lapsed_at is null;
create index information_request_waiting on information_request (requested_at) where provided_at is null and lapsed_at is null;

-- What the sweeps and the agents' queue look for among all cases.
create index case_of_relative_written on case_file (id desc) where requested_by = 'relative' and state in ('draft', 'incomplete', 'submitted');
create index case_delivered on case_file (stopped_at) where state = 'delivered';
