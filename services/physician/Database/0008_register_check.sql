-- When the national register confirmed number, name and specialty; null when the council looked by hand.
alter table physician add column register_checked_at timestamptz;
