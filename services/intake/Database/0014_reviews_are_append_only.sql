-- What the one who reviews an authority to act has decided.
comment on table authority_review is 'append-only';
