-- Rows without anything in them, as spreadsheets leave them: counted apart, neither read nor rejected.
alter table roster_import add column blank_lines bigint not null default 0;
