-- What was signed.
comment on table opinion is 'append-only';
comment on table opinion_version is 'append-only';
