-- That a coordinator was called.
comment on table escalation is 'append-only';
