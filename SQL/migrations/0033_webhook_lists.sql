-- What happened between two instants, and the newest of it: by the tenant's time, of all or of one account. The latter takes the place of the index in the
-- order of IDs, which served the same list.
create index outbox_events_occurred on outbox_events (tenant_id, occurred_at, id);
drop index outbox_events_account;
create index outbox_events_account on outbox_events (tenant_id, account_id, occurred_at, id);

-- Deliveries of one type of event, however seldom it comes. Beside another account or endpoint it narrows as well, so that neither needs one of its own.
create index webhook_deliveries_type on webhook_deliveries (tenant_id, event_type, created_at, id);
