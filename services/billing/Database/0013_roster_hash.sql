-- The SHA-256 of the whole file as announced: a file that changed between the pieces of its upload is another file, and never goes live.
alter table roster_import add column sha256 text constraint roster_sha256_is_hex check (sha256 ~ '^[0-9a-f]{64}$');
