-- What one caller may take of the server.

-- Requests a minute on each server. Null: as many as every key.
alter table identity.api_keys add column rate_limit integer check (rate_limit between 1 and 1000000);
grant update (rate_limit) on identity.api_keys to bursar_app;

-- What was received, the latest first: of one subscription, and of the tenant. The first takes the place of an index on less.
drop index usage_events_subscription;
create index usage_events_subscription on usage_events (tenant_id, subscription_id, received_at, record_id);
create index usage_events_received on usage_events (tenant_id, received_at, record_id);
