-- Two changes of mind within one instant of the clock: the order in which they were written decides.
alter table consent add column position bigint generated always as identity;
drop index consent_of_case;
create index consent_of_case on consent (case_id, purpose, position desc);
