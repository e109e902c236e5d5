-- What was heard, and the tables that were loaded.
comment on table event_log is 'append-only';
comment on table state_change_fact is 'append-only';
comment on table department_class_version is 'append-only';
comment on table department_class is 'append-only';
