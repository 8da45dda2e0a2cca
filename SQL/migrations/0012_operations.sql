-- Long work on many subscriptions: begun with 202, done piece by piece, told with a verdict for each.

create table operations (
    tenant_id       uuid not null references identity.tenants (id) on delete restrict,
    id              uuid not null,
    kind            text not null check (kind in ('subscription_actions')),
    action          text not null check (action in ('cancel', 'suspend', 'reactivate')),
    mode            text not null check (mode in ('each', 'all')),
    state           text not null check (state in ('queued', 'running', 'done', 'failed', 'cancelled')),
    -- Who asked: what the work may do is decided by what they may when it is done.
    principal_kind  text not null check (principal_kind in ('user', 'key')),
    principal_id    uuid not null,
    is_operators    boolean not null,
    -- Set where everything in it belongs to one account, or to one agreement: whoever sees that sees this.
    account_id      uuid,
    enrollment_id   uuid,
    request_id      text check (char_length(request_id) <= 200),
    total           integer not null check (total between 1 and 1000),
    done            integer not null default 0 check (done >= 0),
    unchanged       integer not null default 0 check (unchanged >= 0),
    refused         integer not null default 0 check (refused >= 0),
    replayed        integer not null default 0 check (replayed >= 0),
    failure_code    text check (char_length(failure_code) <= 100),
    -- Real time: a test clock stands still while work is done.
    created_at      timestamptz not null,
    started_at      timestamptz,
    ended_at        timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, account_id) references accounts (tenant_id, id) on delete restrict,
    foreign key (tenant_id, enrollment_id) references enrollments (tenant_id, id) on delete restrict,
    check ((ended_at is null) = (state in ('queued', 'running'))),
    check (done + unchanged + refused + replayed <= total)
);
create index operations_newest on operations (tenant_id, created_at, id);
create index operations_account on operations (tenant_id, account_id, created_at, id) where account_id is not null;
create index operations_enrollment on operations (tenant_id, enrollment_id, created_at, id) where enrollment_id is not null;
create index operations_principal on operations (tenant_id, principal_id, created_at, id);
create index operations_ended on operations (tenant_id, ended_at) where ended_at is not null;

create table operation_items (
    tenant_id          uuid not null references identity.tenants (id) on delete restrict,
    operation_id       uuid not null,
    position           integer not null check (position >= 0),
    -- As it was asked for: it need not be there.
    subscription_id    uuid not null,
    item_key           text check (char_length(item_key) between 1 and 200),
    reason             text not null,
    -- Erased when the item is done, and with the subscription.
    note               text check (char_length(note) <= 1000),
    verdict            text check (verdict in ('done', 'unchanged', 'refused', 'not_begun')),
    code               text check (char_length(code) <= 100),
    arguments          jsonb,
    state              text check (char_length(state) <= 20),
    recoverable_until  timestamptz,
    replayed           boolean not null default false,
    primary key (tenant_id, operation_id, position),
    foreign key (tenant_id, operation_id) references operations (tenant_id, id) on delete restrict
);
create index operation_items_open on operation_items (tenant_id, operation_id, position) where verdict is null;
create index operation_items_notes on operation_items (tenant_id, subscription_id) where note is not null;

-- The head of the queue: who works on what until when. `attempt` is the fence: a server that was away past its lease writes nothing.
create table work.operation_queue (
    tenant_id     uuid not null,
    operation_id  uuid not null,
    lease_until   timestamptz not null,
    attempt       integer not null default 0,
    faults        integer not null default 0,
    last_error    text,
    primary key (tenant_id, operation_id)
);
create index operation_queue_free on work.operation_queue (lease_until);

do $$
declare t text;
begin
    foreach t in array array['operations', 'operation_items']
    loop
        execute format('alter table public.%I enable row level security', t);
        execute format('alter table public.%I force row level security', t);
        execute format('create policy one_tenant on public.%I as permissive for all to public '
            || 'using (tenant_id = (select nullif(current_setting(''app.tenant_id'', true), '''')::uuid)) '
            || 'with check (tenant_id = (select nullif(current_setting(''app.tenant_id'', true), '''')::uuid))', t);
    end loop;
end
$$;

grant select, insert, delete on operations, operation_items, work.operation_queue to bursar_app;
grant update (state, done, unchanged, refused, replayed, failure_code, started_at, ended_at) on operations to bursar_app;
grant update (note, verdict, code, arguments, state, recoverable_until, replayed) on operation_items to bursar_app;
grant update (lease_until, attempt, faults, last_error) on work.operation_queue to bursar_app;
