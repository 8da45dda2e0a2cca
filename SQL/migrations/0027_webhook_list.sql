-- The list of endpoints by their addresses, and those that are off, each with its index.
create index webhook_endpoints_url on webhook_endpoints (tenant_id, lower(url) collate "C", id) where state <> 'deleted';
create index webhook_endpoints_disabled on webhook_endpoints (tenant_id, created_at, id) where state = 'disabled';
