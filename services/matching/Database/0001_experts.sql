-- Who could give an opinion: a copy of the physicians' profiles, made of their events. The last one by time wins, in whatever order they arrive.
create table expert (
  physician_id uuid primary key,
  -- Null until the admission is known: an availability may arrive before the profile.
  profile_at timestamptz,
  specialty_code text,
  pathology_codes text[] not null default '{}',
  establishments text[] not null default '{}',
  capacity int not null constraint expert_capacity_is_not_negative check (capacity >= 0),
  capacity_at timestamptz not null,
  away_until timestamptz,
  away_at timestamptz,
  constraint expert_profile_is_whole check ((profile_at is null) = (specialty_code is null))
);
create index expert_pathology on expert using gin (pathology_codes);
create index expert_specialty on expert (specialty_code);
