-- An endpoint of webhooks that was deleted is kept for as long as the log of what it was told, and no longer.

grant delete on webhook_endpoints to bursar_app;
create index webhook_endpoints_deleted on webhook_endpoints (tenant_id, updated_at, id) where state = 'deleted';
