-- What happened to a case, what its patient consented to, and which requests the patient confirmed.
comment on table case_move is 'append-only';
comment on table consent is 'append-only';
comment on table confirmation is 'append-only';
