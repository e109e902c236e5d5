-- "When was the last event recorded" must not read the whole log.
create index event_log_received on event_log (received_at);
