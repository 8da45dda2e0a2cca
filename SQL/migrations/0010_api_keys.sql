-- API keys that people make: narrower than their role, for a time, from known places.

alter table identity.api_keys
    -- Null: everything that the role may do.
    add column scopes text[] check (cardinality(scopes) between 1 and 60),
    add column expires_at timestamptz,
    -- Null: from anywhere. Addresses and networks.
    add column allowed_addresses text[] check (cardinality(allowed_addresses) between 1 and 50),
    add column created_by uuid,
    add column rotated_from uuid references identity.api_keys (id) on delete restrict;
create index api_keys_account on identity.api_keys (tenant_id, account_id, created_at, id);
grant update (name, scopes, expires_at, allowed_addresses) on identity.api_keys to bursar_app;

-- When and from where a key was last used, to the minute. A table of its own, so that asking changes no business row.
create table identity.api_key_uses (
    key_id     uuid primary key references identity.api_keys (id) on delete restrict,
    tenant_id  uuid not null references identity.tenants (id) on delete restrict,
    used_at    timestamptz not null,
    address    text not null check (char_length(address) <= 64)
);
grant select, insert on identity.api_key_uses to bursar_app;
grant update (used_at, address) on identity.api_key_uses to bursar_app;
