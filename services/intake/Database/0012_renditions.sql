-- What is shown in place of a kind that not every program opens (HEIC, TIFF, a CD), and a small picture; sealed files beside the document's, each under its own key.
-- What the content says of itself (modality, series, measures) is sealed too.
alter table document add column rendition_type text;
alter table document add column rendition_size bigint;
alter table document add column rendition_sha256 text;
alter table document add column sealed_rendition_key bytea;
alter table document add column sealed_preview_key bytea;
alter table document add column sealed_facts bytea;
alter table document add constraint document_rendition_whole check (
  (rendition_type is null) = (rendition_size is null) and (rendition_type is null) = (rendition_sha256 is null)
  and (rendition_type is null) = (sealed_rendition_key is null));
