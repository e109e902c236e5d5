-- When matching last reminded the physician, and when a sign of work was last told to it.
alter table worklist_item add column reminded_at timestamptz, add column progress_told_at timestamptz;
-- Ties that a référent declares: with physicians (pseudonyms) and with establishments (FINESS) beyond the places of practice.
alter table physician
  add column tied_physicians uuid[] not null default '{}',
  add column tied_establishments text[] not null default '{}';
