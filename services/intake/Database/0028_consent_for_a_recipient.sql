-- The physician for whom sharing was agreed to (pseudonym): the consent holds for that one alone. Null in rows from before, which hold for nobody.
alter table consent add column recipient uuid;
