-- What of an uploaded file is shown: photographs without what the camera wrote about them. Null: all of it. size_bytes and sha256 stay those of the uploaded bytes.
alter table document add column active_content boolean not null default false;
alter table document add column shown_ranges bigint[];
alter table document add column shown_orientation smallint not null default 1;
alter table document add column shown_size bigint;
alter table document add column shown_sha256 text;
alter table document add constraint document_shown_whole check ((shown_ranges is null) = (shown_size is null) and (shown_ranges is null) = (shown_sha256 is null));
