-- Orders and filters of lists, each with its index: the log of an endpoint by what became of it, and the departments of an agreement.
create index webhook_deliveries_endpoint_status on webhook_deliveries (tenant_id, endpoint_id, status, created_at, id);
create index departments_created on departments (tenant_id, enrollment_id, created_at, id);
create index departments_name on departments (tenant_id, enrollment_id, lower(name) collate "C", id);
