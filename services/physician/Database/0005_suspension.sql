-- Suspended by the scientific council: nothing of a case is readable while it lasts, and nothing is offered.
alter table physician add column suspended_at timestamptz;
