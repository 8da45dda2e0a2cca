-- A settlement that failed waits for its next try, and has waited since its usage came all the same: the gauge of what waits longest must not begin anew.
alter table work.settlement_queue add column retry_at timestamptz;
create index settlement_queue_turn on work.settlement_queue (tenant_id, coalesce(retry_at, queued_at));
grant update (retry_at) on work.settlement_queue to bursar_app;

-- Long work belongs to the trace of the request that asked for it.
alter table operations add column traceparent text check (length(traceparent) <= 128);

-- What timers or people did, among a million events of keys.
create index audit_events_actor_kind on audit_events (tenant_id, actor_kind, at, id);
