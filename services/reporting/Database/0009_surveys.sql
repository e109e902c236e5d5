-- Who was asked, and links that nobody can lead back to a case: between the two tables there is no key.
create table survey_asked (
  case_id uuid not null,
  survey text not null,
  primary key (case_id, survey)
);
comment on table survey_asked is 'append-only';

-- The link itself is kept nowhere: whoever has it proves it by its hash. It goes with its first use.
create table survey_link (
  sha256 bytea primary key,
  survey text not null,
  expires_on date not null
);
