-- Orders of lists, each with its index.
create index remittances_received on remittances (tenant_id, received_at, id);
