-- Référents admitted by the scientific council. The id is the pseudonym that follows from the RPPS number.
create table physician (
  physician_id uuid primary key,
  rpps text not null constraint physician_rpps_once unique constraint physician_rpps_has_eleven_digits check (rpps ~ '^[0-9]{11}$'),
  display_name text not null,
  specialty_code text not null,
  pathology_codes text[] not null constraint physician_is_referent_of_something check (cardinality(pathology_codes) > 0),
  establishments text[] not null,
  capacity int not null constraint physician_capacity check (capacity between 0 and 1000),
  away_until timestamptz,
  admitted_at timestamptz not null,
  version int not null default 1
);
