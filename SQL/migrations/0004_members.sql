-- What the audit log is asked for.

-- Where a request came from may be erased, so it stands with what may be erased.
alter table audit_details add column ip text check (char_length(ip) <= 64);
create index audit_events_actor on audit_events (tenant_id, actor_id, at, id) where actor_id is not null;
create index audit_events_action on audit_events (tenant_id, action, at, id);
