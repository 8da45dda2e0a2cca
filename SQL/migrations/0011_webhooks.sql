-- Webhooks: where events are told, and what became of each.

create table webhook_endpoints (
    tenant_id        uuid not null references identity.tenants (id) on delete restrict,
    id               uuid not null,
    -- Null: the tenant's own, told of every account.
    account_id       uuid,
    url              text not null check (char_length(url) between 1 and 2000),
    description      text not null default '' check (char_length(description) <= 200),
    -- Null: events of every type.
    event_types      text[] check (cardinality(event_types) between 1 and 100),
    state            text not null check (state in ('enabled', 'disabled', 'deleted')),
    disabled_reason  text check (disabled_reason in ('requested', 'gone', 'failing')),
    disabled_at      timestamptz,
    -- Sealed by the server; erased with the endpoint.
    secret           bytea,
    previous_secret  bytea,
    previous_until   timestamptz,
    -- Since when nothing has arrived.
    failing_since    timestamptz,
    version          bigint not null default 1 check (version > 0),
    created_by       uuid,
    created_at       timestamptz not null,
    updated_at       timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, account_id) references accounts (tenant_id, id) on delete restrict,
    check ((state = 'disabled') = (disabled_reason is not null)),
    check ((state = 'disabled') = (disabled_at is not null)),
    check ((state = 'deleted') = (secret is null)),
    check ((previous_secret is null) = (previous_until is null)),
    check (state <> 'deleted' or previous_secret is null)
);
create index webhook_endpoints_created on webhook_endpoints (tenant_id, created_at, id) where state <> 'deleted';
create index webhook_endpoints_account on webhook_endpoints (tenant_id, account_id, created_at, id);
create index webhook_endpoints_enabled on webhook_endpoints (tenant_id, id) where state = 'enabled';

create table webhook_deliveries (
    tenant_id         uuid not null references identity.tenants (id) on delete restrict,
    id                uuid not null,
    endpoint_id       uuid not null,
    account_id        uuid,
    -- The event's ID is the message's ID, however often it is sent. A test has one of its own.
    event_id          uuid not null,
    event_type        text not null check (char_length(event_type) between 1 and 100),
    is_test           boolean not null default false,
    -- Whose data the bodies may hold; they are erased with it.
    subscription_id   uuid,
    status            text not null check (status in ('waiting', 'succeeded', 'failed')),
    attempts          integer not null default 0 check (attempts >= 0),
    -- How many of them the present schedule has used; sending again by hand begins it anew.
    tries             integer not null default 0 check (tries >= 0),
    -- When it is due; while a server is sending it, when that server's lease runs out.
    next_attempt_at   timestamptz,
    first_attempt_at  timestamptz,
    last_attempt_at   timestamptz,
    created_at        timestamptz not null,
    body              text check (octet_length(body) <= 20000),
    response_status   integer check (response_status between 100 and 999),
    response_body     text check (octet_length(response_body) <= 200000),
    error             text check (char_length(error) <= 100),
    duration_ms       integer check (duration_ms >= 0),
    erased_at         timestamptz,
    primary key (tenant_id, id),
    unique (tenant_id, endpoint_id, event_id),
    foreign key (tenant_id, endpoint_id) references webhook_endpoints (tenant_id, id) on delete restrict,
    foreign key (tenant_id, subscription_id) references subscriptions (tenant_id, id) on delete restrict,
    check ((status = 'waiting') = (next_attempt_at is not null)),
    check (tries <= attempts)
);
create index webhook_deliveries_due on webhook_deliveries (tenant_id, endpoint_id, next_attempt_at, id) where status = 'waiting';
create index webhook_deliveries_created on webhook_deliveries (tenant_id, created_at, id);
create index webhook_deliveries_account on webhook_deliveries (tenant_id, account_id, created_at, id);
create index webhook_deliveries_endpoint on webhook_deliveries (tenant_id, endpoint_id, created_at, id);
create index webhook_deliveries_subscription on webhook_deliveries (tenant_id, subscription_id) where subscription_id is not null;

do $$
declare t text;
begin
    foreach t in array array['webhook_endpoints', 'webhook_deliveries'] loop
        execute format('alter table public.%I enable row level security', t);
        execute format('alter table public.%I force row level security', t);
        execute format('create policy one_tenant on public.%I as permissive for all to public '
            || 'using (tenant_id = (select nullif(current_setting(''app.tenant_id'', true), '''')::uuid)) '
            || 'with check (tenant_id = (select nullif(current_setting(''app.tenant_id'', true), '''')::uuid))', t);
    end loop;
end
$$;

grant select, insert on webhook_endpoints, webhook_deliveries to bursar_app;
grant update (url, description, event_types, state, disabled_reason, disabled_at, secret, previous_secret, previous_until, failing_since, version,
              updated_at) on webhook_endpoints to bursar_app;
grant update (status, attempts, tries, next_attempt_at, first_attempt_at, last_attempt_at, body, response_status, response_body, error,
              duration_ms, erased_at) on webhook_deliveries to bursar_app;

-- Set with the event where somebody listens; the deliveries and the mark's removal are one transaction. What nobody waits for costs nothing.
alter table outbox_events add column webhooks_due boolean not null default false;
create index outbox_events_for_webhooks on outbox_events (tenant_id, id) where webhooks_due;
create index outbox_events_account on outbox_events (tenant_id, account_id, id);
grant update (webhooks_due) on outbox_events to bursar_app;
