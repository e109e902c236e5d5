-- What the mission report counts (docs/decisions/0115): social facts beside the case, rosters, surveys, and what its committee declares.
-- The facts are filled from the log, which held them all along.
alter table case_fact
  add column mission_category text,
  add column pcs_group text,
  add column disability text,
  add column heard_from text,
  add column treating_physician_aware text,
  add column social_at timestamptz;

insert into case_fact (case_id, mission_category, pcs_group, disability, heard_from, treating_physician_aware, social_at)
select distinct on (case_id)
  case_id, body ->> 'missionCategory', body ->> 'pcsGroup', body ->> 'disability', body ->> 'heardFrom', body ->> 'treatingPhysicianAware', occurred_at
from event_log
where event = 'intake.social-facts-told.v1'
order by case_id, occurred_at desc, id desc
on conflict (case_id) do update set
  mission_category = excluded.mission_category,
  pcs_group = excluded.pcs_group,
  disability = excluded.disability,
  heard_from = excluded.heard_from,
  treating_physician_aware = excluded.treating_physician_aware,
  social_at = excluded.social_at;

-- A report counts the opinions of three years.
create index case_fact_delivered on case_fact (delivered_at) where delivered_at is not null;

-- How many people each insurer's list held, version by version.
create table roster_fact (
  insurer_id uuid not null,
  version int not null,
  accepted bigint not null,
  imported_at timestamptz not null,
  primary key (insurer_id, version)
);
comment on table roster_fact is 'append-only';
insert into roster_fact (insurer_id, version, accepted, imported_at)
select (body ->> 'insurerId')::uuid, (body ->> 'rosterVersion')::int, (body ->> 'accepted')::bigint, occurred_at
from event_log
where event = 'billing.roster-imported.v1'
on conflict do nothing;

-- Surveys: how many were asked, and what was answered; neither knows a case.
create table survey_sent_fact (
  sending_id uuid primary key,
  survey text not null,
  people int not null,
  sent_at timestamptz not null
);
comment on table survey_sent_fact is 'append-only';
create table survey_answer_fact (
  answer_id uuid primary key,
  survey text not null,
  recommends boolean,
  score int,
  followed text,
  operation_avoided boolean,
  answered_in timestamptz not null
);
comment on table survey_answer_fact is 'append-only';
create index survey_answer_fact_answered on survey_answer_fact (answered_in);

-- What nothing can compute: members, targets, comments, partnerships, actions, figures published elsewhere. The highest version of a year counts.
create table mission_year_version (
  year int not null,
  version int not null,
  content jsonb not null,
  saved_by text not null,
  saved_at timestamptz not null,
  primary key (year, version)
);
comment on table mission_year_version is 'append-only';
