-- What a rotation looks for: cases whose key is still wrapped under a former version.
create index case_key_version on case_key (key_version);
