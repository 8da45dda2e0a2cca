-- The log of webhooks is kept for thirty days: what has ended goes, what still waits stays. The index finds what goes and nothing else, however
-- much waits at endpoints that are switched off.

create index webhook_deliveries_ended on webhook_deliveries (tenant_id, created_at, id) where status <> 'waiting';
grant delete on webhook_deliveries to bursar_app;
