-- Payments from the moment that they are asked for; money by bank transfer; additional subscriptions as the tenant's switch.

-- A list of words in a CHECK takes more words, whatever other migrations have added to it.
create function pg_temp.allow_words(of_table text, of_column text, constraint_name text, more text[]) returns void language plpgsql as $$
declare words text[];
begin
    select array_agg(distinct m[1]) into words
    from regexp_matches((select pg_get_constraintdef(oid) from pg_constraint where conrelid = of_table::regclass and conname = constraint_name),
                        '''([a-z_]+)''', 'g') as m;
    select array_agg(word order by word) into words from (select unnest(words || more) as word group by 1) w;
    execute format('alter table %s drop constraint %I', of_table, constraint_name);
    execute format('alter table %s add constraint %I check (%I in (%s))', of_table, constraint_name, of_column,
                   (select string_agg(quote_literal(word), ', ') from unnest(words) word));
end
$$;
select pg_temp.allow_words('timers', 'kind', 'timers_kind_check', array['payment_expiry']);
select pg_temp.allow_words('payments', 'method', 'payments_method_check', array['bank_transfer']);
select pg_temp.allow_words('ledger_accounts', 'kind', 'ledger_accounts_kind_check',
                           array['bank', 'unallocated_remittance', 'payment_in_transit']);
select pg_temp.allow_words('ledger_transfers', 'purpose', 'ledger_transfers_purpose_check',
                           array['remittance', 'remittance_matched', 'remittance_released', 'remittance_returned', 'remittance_applied']);
select pg_temp.allow_words('ledger_transfers', 'source_kind', 'ledger_transfers_source_kind_check',
                           array['remittance', 'remittance_match', 'remittance_release', 'remittance_return']);

-- Money that nobody has spent is owed to whoever sent it: never below zero.
alter table ledger_accounts add check (kind not in ('unallocated_remittance', 'payment_in_transit') or balance_minor >= 0);
-- Money that has arrived and is nobody's yet belongs to no customer's account.
alter table ledger_transfers alter column account_id drop not null;

-- A13: whether customers with a verified identity add subscriptions themselves.
alter table identity.tenants add column additional_subscriptions boolean not null default false;
update identity.tenants set additional_subscriptions = true where demo;
grant update (additional_subscriptions) on identity.tenants to bursar_app;

-- ── bank transfer ───────────────────────────────────────────────────────────────────────────────────────────────────

-- Where customers send money, one account a currency; a currency without one has no bank transfer.
create table bank_accounts (
    tenant_id       uuid not null references identity.tenants (id) on delete restrict,
    id              uuid not null,
    currency        text not null check (currency ~ '^[A-Z]{3}$'),
    account_holder  text not null check (char_length(account_holder) between 1 and 200),
    bank_name       text not null check (char_length(bank_name) between 1 and 200),
    account_number  text not null check (char_length(account_number) between 1 and 64),
    bank_code       text not null default '' check (char_length(bank_code) <= 64),
    -- How long a transfer is waited for, in days of 24 hours.
    pending_days    integer not null default 14 check (pending_days between 1 and 90),
    version         bigint not null default 1,
    updated_at      timestamptz not null,
    primary key (tenant_id, id),
    unique (tenant_id, currency)
);

-- A payment as asked for. It shares its ID with the row of `payments` that it becomes, which stays what it was: money that was taken.
create table payment_intents (
    tenant_id        uuid not null references identity.tenants (id) on delete restrict,
    id               uuid not null,
    account_id       uuid not null,
    subscription_id  uuid not null,
    kind             text not null check (kind in ('first', 'again', 'upgrade')),
    method           text not null check (method in ('sandbox', 'bank_transfer')),
    status           text not null check (status in ('started', 'pending', 'succeeded', 'declined', 'expired', 'cancelled')),
    amount_minor     bigint not null check (amount_minor > 0),
    currency         text not null check (currency ~ '^[A-Z]{3}$'),
    -- What has arrived for it by bank transfer so far.
    received_minor   bigint not null default 0 check (received_minor between 0 and amount_minor),
    reference        text check (reference ~ '^RF[0-9]{14}$'),
    decline_code     text check (char_length(decline_code) <= 60),
    expires_at       timestamptz,
    ended_at         timestamptz,
    principal_id     uuid not null,
    command_key      text not null,
    request_hash     bytea,
    version          bigint not null default 1,
    created_at       timestamptz not null,
    -- Real time: what has waited long for its gateway is asked for again.
    recorded_at      timestamptz not null,
    primary key (tenant_id, id),
    unique (tenant_id, principal_id, command_key),
    unique (tenant_id, reference),
    foreign key (tenant_id, account_id) references accounts (tenant_id, id) on delete restrict,
    foreign key (tenant_id, subscription_id) references subscriptions (tenant_id, id) on delete restrict,
    check ((status in ('started', 'pending')) = (ended_at is null)),
    check ((status = 'declined') = (decline_code is not null)),
    check (status <> 'pending' or expires_at is not null)
);
create index payment_intents_created on payment_intents (tenant_id, created_at, id);
create index payment_intents_account on payment_intents (tenant_id, account_id, created_at, id);
create index payment_intents_subscription on payment_intents (tenant_id, subscription_id, created_at, id);
create index payment_intents_started on payment_intents (tenant_id, recorded_at) where status = 'started';
create index payment_intents_waiting on payment_intents (tenant_id, currency, amount_minor) where status in ('pending', 'expired') and method = 'bank_transfer';

-- Money that has arrived at the bank, as the operator wrote it down: once, under the bank's own number.
create table remittances (
    tenant_id         uuid not null references identity.tenants (id) on delete restrict,
    id                uuid not null,
    bank_account_id   uuid not null,
    bank_number       text not null check (char_length(bank_number) between 1 and 100),
    amount_minor      bigint not null check (amount_minor > 0),
    currency          text not null check (currency ~ '^[A-Z]{3}$'),
    -- What belongs to no payment yet; the ledger says the same.
    unallocated_minor bigint not null check (unallocated_minor between 0 and amount_minor),
    status            text not null check (status in ('unmatched', 'surplus', 'matched', 'returned')),
    -- As the bank hands them on; erased with the subscription that the money paid for.
    payer             text check (char_length(payer) between 1 and 200),
    words             text check (char_length(words) between 1 and 500),
    note              text check (char_length(note) <= 1000),
    received_at       timestamptz not null,
    returned_minor    bigint not null default 0 check (returned_minor between 0 and amount_minor),
    returned_at       timestamptz,
    version           bigint not null default 1,
    created_at        timestamptz not null,
    primary key (tenant_id, id),
    unique (tenant_id, bank_number),
    foreign key (tenant_id, bank_account_id) references bank_accounts (tenant_id, id) on delete restrict,
    check ((status in ('unmatched', 'surplus')) = (unallocated_minor > 0)),
    check ((status = 'returned') = (returned_at is not null)),
    check ((status = 'returned') = (returned_minor > 0))
);
create index remittances_created on remittances (tenant_id, created_at, id);
create index remittances_waiting on remittances (tenant_id, created_at, id) where status in ('unmatched', 'surplus');

-- Which payment took how much of which remittance; released when the payment ended without it.
create table remittance_allocations (
    tenant_id      uuid not null references identity.tenants (id) on delete restrict,
    id             uuid not null,
    remittance_id  uuid not null,
    payment_id     uuid not null,
    amount_minor   bigint not null check (amount_minor > 0),
    matched_at     timestamptz not null,
    matched_by     uuid,
    released_at    timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, remittance_id) references remittances (tenant_id, id) on delete restrict,
    foreign key (tenant_id, payment_id) references payment_intents (tenant_id, id) on delete restrict
);
create index remittance_allocations_remittance on remittance_allocations (tenant_id, remittance_id);
create index remittance_allocations_payment on remittance_allocations (tenant_id, payment_id);

do $$
declare t text;
begin
    foreach t in array array['bank_accounts', 'payment_intents', 'remittances', 'remittance_allocations'] loop
        execute format('alter table public.%I enable row level security', t);
        execute format('alter table public.%I force row level security', t);
        execute format('create policy one_tenant on public.%I as permissive for all to public '
            || 'using (tenant_id = (select nullif(current_setting(''app.tenant_id'', true), '''')::uuid)) '
            || 'with check (tenant_id = (select nullif(current_setting(''app.tenant_id'', true), '''')::uuid))', t);
        execute format('grant select, insert on public.%I to bursar_app', t);
    end loop;
end
$$;
grant update (account_holder, bank_name, account_number, bank_code, pending_days, version, updated_at) on bank_accounts to bursar_app;
grant update (status, received_minor, reference, decline_code, expires_at, ended_at, version) on payment_intents to bursar_app;
grant update (unallocated_minor, status, payer, words, note, returned_minor, returned_at, version) on remittances to bursar_app;
grant update (released_at) on remittance_allocations to bursar_app;

-- What was paid before payments were asked for stands as one that succeeded; row security shows it inside each tenant only.
do $$
declare tenant uuid;
begin
    for tenant in select id from identity.tenants loop
        perform set_config('app.tenant_id', tenant::text, true);
        insert into payment_intents (tenant_id, id, account_id, subscription_id, kind, method, status, amount_minor, currency, ended_at,
                                     principal_id, command_key, created_at, recorded_at)
        select p.tenant_id, p.id, p.account_id, p.subscription_id,
               case o.kind when 'purchase' then 'first' when 'upgrade' then 'upgrade' else 'again' end,
               p.method, 'succeeded', p.amount_minor, p.currency, p.paid_at, p.principal_id, p.command_key, p.paid_at, p.paid_at
        from payments p join orders o on o.tenant_id = p.tenant_id and o.id = p.order_id
        where p.tenant_id = tenant;
    end loop;
    perform set_config('app.tenant_id', '', true);
end
$$;
