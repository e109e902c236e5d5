-- Who pays when no insurer does: a fund with a budget for each year and class of département, and what was decided on each request.

-- What is held for granted requests and spent on opinions never passes the budget: whoever takes some of it holds the row's lock.
create table fund_budget (
  year smallint not null,
  class text not null constraint fund_class_known check (class in ('desert', 'intermediate', 'well_served')),
  version int not null,
  cents bigint not null,
  -- In which situations the fund pays, and for which départements: decided with the budget.
  situations text[] not null,
  departments text[] not null,
  held_cents bigint not null default 0 constraint fund_held_not_negative check (held_cents >= 0),
  spent_cents bigint not null default 0 constraint fund_spent_not_negative check (spent_cents >= 0),
  changed_by text not null,
  changed_at timestamptz not null,
  primary key (year, class),
  constraint fund_never_overdrawn check (held_cents + spent_cents <= cents)
);

create table fund_decision (
  id uuid primary key,
  year smallint not null,
  -- Null when no budget of the year names the département.
  class text,
  situation text not null constraint fund_situation_known check (situation in ('no_insurer', 'public_cover', 'long_illness', 'social_referral')),
  state text not null constraint fund_state_known check (state in ('refused', 'granted', 'reserved', 'spent', 'returned', 'expired')),
  refusal_code text,
  -- What the patient names as a member number; with the account, nobody else's.
  code text unique,
  -- A keyed mark of the patient's account; gone once the case is erased.
  account bytea,
  cents bigint not null constraint fund_decision_positive check (cents > 0),
  case_id uuid unique,
  decided_by text not null,
  decided_at timestamptz not null,
  valid_until timestamptz not null,
  ended_at timestamptz,
  foreign key (year, class) references fund_budget (year, class),
  constraint fund_refused_has_code check ((state = 'refused') = (refusal_code is not null)),
  constraint fund_granted_has_class check (state = 'refused' or class is not null)
);
create unique index fund_once_a_year on fund_decision (year, account) where state in ('granted', 'reserved', 'spent');
create index fund_expiring on fund_decision (valid_until) where state = 'granted';
create index fund_of_year on fund_decision (year, class);
