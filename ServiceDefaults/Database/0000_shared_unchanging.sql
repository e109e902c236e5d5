-- Who read what, and the secret of the service's cursors. The comment takes the service's right to change them (Rights.cs).
comment on table audit_record is 'append-only';
comment on table service_secret is 'append-only';
