-- Files before the scientific council: whoever would be a référent, or is to stay one.
create table application (
  application_id uuid primary key,
  kind text not null constraint application_kind check (kind in ('admission', 'review')),
  state text not null constraint application_state check (state in ('open', 'admitted', 'refused')),
  physician_id uuid not null,
  rpps text not null constraint application_rpps_has_eleven_digits check (rpps ~ '^[0-9]{11}$'),
  file jsonb not null,
  register_checked_at timestamptz,
  opened_at timestamptz not null,
  decided_at timestamptz,
  constraint application_is_decided_once check ((state = 'open') = (decided_at is null))
);
create unique index application_one_open_per_physician on application (physician_id) where state = 'open';
create index application_of_state on application (state, application_id desc);

-- Members of the council by their accounts: what each gave, once and for good.
create table application_conflict (
  application_id uuid not null references application,
  member text not null,
  nature text not null
    constraint application_conflict_nature check (nature in ('family', 'same_establishment', 'associate', 'pupil_or_teacher', 'rival', 'other')),
  declared_at timestamptz not null,
  primary key (application_id, member)
);
create table application_review (
  application_id uuid not null references application,
  member text not null,
  recommendation text not null constraint application_review_recommendation check (recommendation in ('admit', 'refuse')),
  reasons text not null,
  reviewed_at timestamptz not null,
  primary key (application_id, member)
);
create table application_vote (
  application_id uuid not null references application,
  member text not null,
  vote text not null constraint application_vote_is_one_of_three check (vote in ('for', 'against', 'abstention')),
  voted_at timestamptz not null,
  primary key (application_id, member)
);
comment on table application_conflict is 'append-only';
comment on table application_review is 'append-only';
comment on table application_vote is 'append-only';

-- Until when an admission holds; those from before the council's votes are looked at three years after they were made.
alter table physician add column review_due_at timestamptz;
update physician set review_due_at = admitted_at + interval '3 years';
alter table physician alter column review_due_at set not null;
create index physician_review_due on physician (review_due_at);
