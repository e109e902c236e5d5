-- History: what was agreed, refused, taken or booked stays so. The comment takes the service's right to change it (ServiceDefaults/Database/Rights.cs).
comment on table insurer_version is 'append-only';
comment on table contract_version is 'append-only';
comment on table roster_version_contract is 'append-only';
comment on table use_subject is 'append-only';
comment on table coverage_refusal is 'append-only';
comment on table withdrawn_case is 'append-only';
comment on table ledger_account is 'append-only';
comment on table ledger_transaction is 'append-only';
comment on table ledger_line is 'append-only';
comment on table ledger_number is 'append-only';
