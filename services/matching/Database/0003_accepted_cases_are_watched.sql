-- An accepted case is looked at until its opinion is there.
alter table matching_case
  add column assigned_at timestamptz,
  -- The physician's last sign of work on it: a draft, a question, the patient's answer.
  add column worked_on_at timestamptz,
  add column reminded_at timestamptz,
  -- The clock stands still: the physician waits for the patient.
  add column paused_since timestamptz,
  add column answered_at timestamptz,
  -- Who may not give the opinion, and whether it is known where the patient is treated.
  add column involved_physicians uuid[] not null default '{}',
  add column place_of_care text constraint matching_case_place_of_care check (place_of_care in ('given', 'none', 'unknown'));

-- Accepted before cases were watched: the watch begins now.
update matching_case set assigned_at = now(), next_look_at = now() where state = 'assigned';

alter table offer drop constraint offer_state;
alter table offer add constraint offer_state
  check (state in ('open', 'accepted', 'declined', 'expired', 'withdrawn', 'delivered', 'replaced'));

-- Called once for each reason; about an accepted case, once for each physician who had it (the rank of the offer; else 0).
alter table escalation drop constraint escalation_reason;
alter table escalation add constraint escalation_reason
  check (reason in ('no_expert', 'too_many_refusals', 'deadline_near', 'silent_physician', 'no_replacement', 'overdue'));
alter table escalation add column rank int not null default 0;
alter table escalation drop constraint escalation_pkey;
alter table escalation add primary key (case_id, reason, rank);

alter table expert
  add column suspended boolean not null default false,
  add column tied_physicians uuid[] not null default '{}',
  add column tied_establishments text[] not null default '{}';

-- Older codes of one specialty are one specialty: the canonical ones of the catalogue, as Specialties.Canonical writes from now on.
update expert
set specialty_code = canonical
from (values
  ('SM06', 'SM68'), ('SM07', 'SM68'), ('SM09', 'SM69'), ('SM16', 'SM62'), ('SM21', 'SM71'), ('SM22', 'SM71'),
  ('SM23', 'SM71'), ('SM26', 'SM54'), ('SM27', 'SM72'), ('SM33', 'SM32'), ('SM35', 'SM71'), ('SM39', 'SM34'),
  ('SM44', 'SM74'), ('SM45', 'SM37'), ('SM49', 'SM75'), ('SM50', 'SM68'), ('SM51', 'SM20'), ('SM52', 'SM19'),
  ('SM53', 'SM54'), ('SM55', 'SM74'), ('SM63', 'SM03'), ('SM64', 'SM03'), ('SM65', 'SM03'), ('SM66', 'SM03'),
  ('SM67', 'SM03'), ('SM73', 'SM04'), ('SM76', 'SM02'), ('SM77', 'SM68'), ('SM78', 'SM14'), ('SM80', 'SM04'),
  ('SM82', 'SM46'), ('SM83', 'SM30'), ('SM84', 'SM32'), ('SM86', 'SM34'), ('SM90', 'SM46'), ('SM91', 'SM41'),
  ('SM92', 'SM43'), ('SM95', 'SM75')) as older (code, canonical)
where specialty_code = code;

-- What a coordinator's list looks for among all cases.
create index matching_case_under_way on matching_case (case_id desc) where state in ('waiting', 'offered', 'assigned', 'escalated');
