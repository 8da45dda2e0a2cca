-- Bursar's ground: identity, tenants' business rows, the ledger, usage, and the work that waits.

create schema identity;
create schema work;

-- ── reference: small tables that point at no tenant table ───────────────────────────────────────────────────────────

create schema reference;

-- ISO 4217, as Values.Currency knows it (a test compares the two): only invariants read it.
create table reference.currencies (
    code      text primary key,
    exponent  integer not null check (exponent between 0 and 4)
);
insert into reference.currencies (code, exponent) values
    ('AED', 2), ('AFN', 2), ('ALL', 2), ('AMD', 2), ('AOA', 2), ('ARS', 2), ('AUD', 2), ('AWG', 2), ('AZN', 2), ('BAM', 2), ('BBD', 2),
    ('BDT', 2), ('BGN', 2), ('BHD', 3), ('BIF', 0), ('BMD', 2), ('BND', 2), ('BOB', 2), ('BOV', 2), ('BRL', 2), ('BSD', 2), ('BTN', 2),
    ('BWP', 2), ('BYN', 2), ('BZD', 2), ('CAD', 2), ('CDF', 2), ('CHE', 2), ('CHF', 2), ('CHW', 2), ('CLF', 4), ('CLP', 0), ('CNY', 2),
    ('COP', 2), ('COU', 2), ('CRC', 2), ('CUP', 2), ('CVE', 2), ('CZK', 2), ('DJF', 0), ('DKK', 2), ('DOP', 2), ('DZD', 2), ('EGP', 2),
    ('ERN', 2), ('ETB', 2), ('EUR', 2), ('FJD', 2), ('FKP', 2), ('GBP', 2), ('GEL', 2), ('GHS', 2), ('GIP', 2), ('GMD', 2), ('GNF', 0),
    ('GTQ', 2), ('GYD', 2), ('HKD', 2), ('HNL', 2), ('HTG', 2), ('HUF', 2), ('IDR', 2), ('ILS', 2), ('INR', 2), ('IQD', 3), ('IRR', 2),
    ('ISK', 0), ('JMD', 2), ('JOD', 3), ('JPY', 0), ('KES', 2), ('KGS', 2), ('KHR', 2), ('KMF', 0), ('KPW', 2), ('KRW', 0), ('KWD', 3),
    ('KYD', 2), ('KZT', 2), ('LAK', 2), ('LBP', 2), ('LKR', 2), ('LRD', 2), ('LSL', 2), ('LYD', 3), ('MAD', 2), ('MDL', 2), ('MGA', 2),
    ('MKD', 2), ('MMK', 2), ('MNT', 2), ('MOP', 2), ('MRU', 2), ('MUR', 2), ('MVR', 2), ('MWK', 2), ('MXN', 2), ('MXV', 2), ('MYR', 2),
    ('MZN', 2), ('NAD', 2), ('NGN', 2), ('NIO', 2), ('NOK', 2), ('NPR', 2), ('NZD', 2), ('OMR', 3), ('PAB', 2), ('PEN', 2), ('PGK', 2),
    ('PHP', 2), ('PKR', 2), ('PLN', 2), ('PYG', 0), ('QAR', 2), ('RON', 2), ('RSD', 2), ('RUB', 2), ('RWF', 0), ('SAR', 2), ('SBD', 2),
    ('SCR', 2), ('SDG', 2), ('SEK', 2), ('SGD', 2), ('SHP', 2), ('SLE', 2), ('SOS', 2), ('SRD', 2), ('SSP', 2), ('STN', 2), ('SVC', 2),
    ('SYP', 2), ('SZL', 2), ('THB', 2), ('TJS', 2), ('TMT', 2), ('TND', 3), ('TOP', 2), ('TRY', 2), ('TTD', 2), ('TWD', 2), ('TZS', 2),
    ('UAH', 2), ('UGX', 0), ('USD', 2), ('USN', 2), ('UYI', 0), ('UYU', 2), ('UYW', 4), ('UZS', 2), ('VED', 2), ('VES', 2), ('VND', 0),
    ('VUV', 0), ('WST', 2), ('XAF', 0), ('XCD', 2), ('XCG', 2), ('XOF', 0), ('XPF', 0), ('YER', 2), ('ZAR', 2), ('ZMW', 2), ('ZWG', 2);

-- ── identity: local tables, read before the tenant is known ─────────────────────────────────────────────────────────

create table identity.tenants (
    id          uuid primary key,
    slug        text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name        text not null check (char_length(name) between 1 and 200),
    kind        text not null check (kind in ('live', 'sandbox')),
    currency    text not null check (currency ~ '^[A-Z]{3}$'),
    time_zone   text not null,
    locale      text not null check (locale in ('en', 'zh-Hans')),
    demo        boolean not null default false,
    -- The sandbox payment method moves no real money: sandbox tenants always offer it, a live one only when it was made so on purpose.
    sandbox_payments boolean not null default false,
    created_at  timestamptz not null
);

create table identity.sign_ins (
    email          text not null check (email = lower(email) and char_length(email) between 3 and 254),
    tenant_id      uuid not null references identity.tenants (id) on delete restrict,
    user_id        uuid not null,
    password_hash  text,
    failures       integer not null default 0 check (failures >= 0),
    locked_until   timestamptz,
    created_at     timestamptz not null,
    primary key (email, tenant_id),
    unique (tenant_id, user_id)
);

create table identity.sessions (
    token_hash   bytea primary key,
    tenant_id    uuid not null references identity.tenants (id) on delete restrict,
    user_id      uuid not null,
    form_secret  bytea not null,
    created_at   timestamptz not null,
    seen_at      timestamptz not null,
    expires_at   timestamptz not null
);
create index sessions_expiry on identity.sessions (expires_at);

create table identity.api_keys (
    id          uuid primary key,
    key_hash    bytea not null unique,
    tenant_id   uuid not null references identity.tenants (id) on delete restrict,
    account_id  uuid,
    role        text not null check (role in ('operator', 'account_admin', 'finance', 'reader')),
    mode        text not null check (mode in ('live', 'test')),
    name        text not null,
    hint        text not null,
    created_at  timestamptz not null,
    revoked_at  timestamptz,
    check ((role = 'operator') = (account_id is null))
);
create index api_keys_tenant on identity.api_keys (tenant_id);

-- ── tenant tables: people and customers ─────────────────────────────────────────────────────────────────────────────

create table test_clocks (
    tenant_id      uuid not null references identity.tenants (id) on delete restrict,
    now_at         timestamptz not null,
    advancing_to   timestamptz,
    advance_lease  timestamptz,
    advance_token  uuid,
    primary key (tenant_id),
    check (advancing_to is null or advancing_to >= now_at)
);

create table offer_policies (
    tenant_id              uuid not null references identity.tenants (id) on delete restrict,
    offer                  text not null check (offer in ('trial', 'prepaid', 'enterprise')),
    currency               text not null check (currency ~ '^[A-Z]{3}$'),
    version                integer not null check (version >= 1),
    minimum_payment_minor  bigint not null check (minimum_payment_minor >= 0),
    largest_payment_minor  bigint not null check (largest_payment_minor >= minimum_payment_minor),
    validity_months        integer not null check (validity_months between 1 and 120),
    retention_days         integer not null check (retention_days between 1 and 3650),
    trial_price_minor      bigint not null check (trial_price_minor >= 0),
    trial_credit_minor     bigint not null check (trial_credit_minor >= trial_price_minor),
    trial_months           integer not null check (trial_months between 1 and 120),
    grace_days             integer not null check (grace_days between 0 and 365),
    pending_lapse_days     integer not null check (pending_lapse_days between 1 and 365),
    created_at             timestamptz not null,
    primary key (tenant_id, offer, currency, version)
);

create table users (
    tenant_id   uuid not null references identity.tenants (id) on delete restrict,
    id          uuid not null,
    email       text not null check (email = lower(email) and char_length(email) between 3 and 254),
    first_name  text not null default '' check (char_length(first_name) <= 100),
    last_name   text not null default '' check (char_length(last_name) <= 100),
    phone       text not null default '' check (char_length(phone) <= 40),
    company     text not null default '' check (char_length(company) <= 200),
    locale      text check (locale in ('en', 'zh-Hans')),
    created_at  timestamptz not null,
    primary key (tenant_id, id),
    unique (tenant_id, email)
);

create table enrollments (
    tenant_id         uuid not null references identity.tenants (id) on delete restrict,
    id                uuid not null,
    number            text not null check (char_length(number) between 1 and 100),
    name              text not null check (char_length(name) between 1 and 200),
    currency          text not null check (currency ~ '^[A-Z]{3}$'),
    commitment_minor  bigint not null check (commitment_minor >= 0),
    posted_minor      bigint not null default 0,
    starts_on         date not null,
    ends_on           date not null,
    created_at        timestamptz not null,
    primary key (tenant_id, id),
    unique (tenant_id, number),
    check (ends_on > starts_on)
);
create index enrollments_created on enrollments (tenant_id, created_at, id);

create table departments (
    tenant_id      uuid not null references identity.tenants (id) on delete restrict,
    id             uuid not null,
    enrollment_id  uuid not null,
    name           text not null check (char_length(name) between 1 and 200),
    cost_centre    text check (char_length(cost_centre) <= 100),
    quota_minor    bigint check (quota_minor >= 0),
    created_at     timestamptz not null,
    primary key (tenant_id, id),
    unique (tenant_id, enrollment_id, name),
    unique (tenant_id, enrollment_id, id),
    foreign key (tenant_id, enrollment_id) references enrollments (tenant_id, id) on delete restrict
);

create table partners (
    tenant_id     uuid not null references identity.tenants (id) on delete restrict,
    id            uuid not null,
    code          text not null check (code ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'),
    company_name  text not null check (char_length(company_name) between 1 and 200),
    created_at    timestamptz not null,
    primary key (tenant_id, id),
    unique (tenant_id, code)
);
create index partners_created on partners (tenant_id, created_at, id);

create table accounts (
    tenant_id          uuid not null references identity.tenants (id) on delete restrict,
    id                 uuid not null,
    kind               text not null check (kind in ('standard', 'enterprise')),
    name               text not null check (char_length(name) between 1 and 200),
    currency           text not null check (currency ~ '^[A-Z]{3}$'),
    time_zone          text not null check (char_length(time_zone) between 1 and 64),
    locale             text not null check (locale in ('en', 'zh-Hans')),
    identity_verified  boolean not null default false,
    administrator_id   uuid not null,
    enrollment_id      uuid,
    department_id      uuid,
    external_number    text,
    version            bigint not null default 1,
    created_at         timestamptz not null,
    updated_at         timestamptz not null,
    primary key (tenant_id, id),
    unique (tenant_id, external_number),
    foreign key (tenant_id, administrator_id) references users (tenant_id, id) on delete restrict,
    foreign key (tenant_id, enrollment_id) references enrollments (tenant_id, id) on delete restrict,
    foreign key (tenant_id, enrollment_id, department_id) references departments (tenant_id, enrollment_id, id) on delete restrict,
    check ((kind = 'enterprise') = (enrollment_id is not null)),
    check (department_id is null or enrollment_id is not null)
);
create index accounts_created on accounts (tenant_id, created_at, id);
create index accounts_administrator on accounts (tenant_id, administrator_id);
create index accounts_enrollment on accounts (tenant_id, enrollment_id, created_at, id);

-- The account administrator and the service administrator are columns of the account and of the subscription: exactly one each.
create table role_assignments (
    tenant_id      uuid not null references identity.tenants (id) on delete restrict,
    id             uuid not null,
    user_id        uuid not null,
    role           text not null check (role in ('operator', 'finance', 'reader', 'enterprise_admin')),
    account_id     uuid,
    enrollment_id  uuid,
    created_at     timestamptz not null,
    primary key (tenant_id, id),
    unique nulls not distinct (tenant_id, user_id, role, account_id, enrollment_id),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete restrict,
    foreign key (tenant_id, account_id) references accounts (tenant_id, id) on delete restrict,
    foreign key (tenant_id, enrollment_id) references enrollments (tenant_id, id) on delete restrict,
    check ((role in ('finance', 'reader')) = (account_id is not null)),
    check ((role = 'enterprise_admin') = (enrollment_id is not null))
);
create index role_assignments_account on role_assignments (tenant_id, account_id);
create index role_assignments_enrollment on role_assignments (tenant_id, enrollment_id);

-- ── subscriptions, orders, credit ───────────────────────────────────────────────────────────────────────────────────

create table subscriptions (
    tenant_id                 uuid not null references identity.tenants (id) on delete restrict,
    id                        uuid not null,
    account_id                uuid not null,
    order_id                  uuid not null,
    offer                     text not null check (offer in ('trial', 'prepaid', 'enterprise')),
    policy_version            integer not null,
    currency                  text not null check (currency ~ '^[A-Z]{3}$'),
    state                     text not null check (state in ('pending', 'active', 'past_due', 'suspended', 'deleted')),
    suspension_reasons        text[] not null default '{}' check (suspension_reasons <@ array[
                                  'credit_exhausted', 'credit_expired', 'funds_exhausted', 'overdue', 'cancelled', 'requested', 'operator']::text[]),
    name                      text check (char_length(name) between 1 and 200),
    service_administrator_id  uuid,
    partner_id                uuid,
    enrollment_id             uuid,
    department_id             uuid,
    outstanding_minor         bigint not null default 0 check (outstanding_minor >= 0),
    services_configured       boolean not null default true,
    was_trial                 boolean not null default false,
    purchased_at              timestamptz not null,
    activated_at              timestamptz,
    suspended_at              timestamptz,
    delete_at                 timestamptz,
    deleted_at                timestamptz,
    lapse_at                  timestamptz,
    external_number           text,
    version                   bigint not null default 1,
    created_at                timestamptz not null,
    updated_at                timestamptz not null,
    primary key (tenant_id, id),
    unique (tenant_id, account_id, external_number),
    foreign key (tenant_id, account_id) references accounts (tenant_id, id) on delete restrict,
    foreign key (tenant_id, service_administrator_id) references users (tenant_id, id) on delete restrict,
    foreign key (tenant_id, partner_id) references partners (tenant_id, id) on delete restrict,
    foreign key (tenant_id, enrollment_id) references enrollments (tenant_id, id) on delete restrict,
    foreign key (tenant_id, enrollment_id, department_id) references departments (tenant_id, enrollment_id, id) on delete restrict,
    foreign key (tenant_id, offer, currency, policy_version) references offer_policies (tenant_id, offer, currency, version) on delete restrict,
    check ((offer = 'enterprise') = (enrollment_id is not null)),
    check (state <> 'suspended' or cardinality(suspension_reasons) > 0),
    check (state in ('suspended', 'deleted') or cardinality(suspension_reasons) = 0),
    check (state <> 'suspended' or (suspended_at is not null and delete_at is not null)),
    check (state in ('suspended', 'deleted') or (suspended_at is null and delete_at is null)),
    check (delete_at is null or delete_at > suspended_at),
    check ((state = 'deleted') = (deleted_at is not null)),
    check (state = 'pending' or lapse_at is null),
    check (state <> 'pending' or (lapse_at is not null and activated_at is null)),
    check (state in ('pending', 'deleted') or activated_at is not null),
    check ((state = 'deleted') = (name is null)),
    check ((state = 'deleted') = (service_administrator_id is null))
);
create index subscriptions_created on subscriptions (tenant_id, created_at, id);
create index subscriptions_account on subscriptions (tenant_id, account_id, created_at, id);
create index subscriptions_state on subscriptions (tenant_id, state, created_at, id);
create index subscriptions_enrollment on subscriptions (tenant_id, enrollment_id, created_at, id) where enrollment_id is not null;
create index subscriptions_department on subscriptions (tenant_id, department_id, created_at, id) where department_id is not null;
create index subscriptions_service_admin on subscriptions (tenant_id, service_administrator_id, created_at, id);
create index subscriptions_order on subscriptions (tenant_id, order_id);
create index subscriptions_delete_at on subscriptions (tenant_id, delete_at, id) where state = 'suspended';
-- L6: one trial per account ever; an upgraded trial keeps its mark.
create unique index subscriptions_one_trial on subscriptions (tenant_id, account_id) where was_trial;

create table suspension_intervals (
    tenant_id        uuid not null references identity.tenants (id) on delete restrict,
    subscription_id  uuid not null,
    suspended_at     timestamptz not null,
    reactivated_at   timestamptz,
    sequence         bigint not null,
    primary key (tenant_id, subscription_id, sequence),
    foreign key (tenant_id, subscription_id) references subscriptions (tenant_id, id) on delete restrict,
    check (reactivated_at is null or reactivated_at >= suspended_at)
);
create unique index suspension_intervals_open on suspension_intervals (tenant_id, subscription_id) where reactivated_at is null;

create table orders (
    tenant_id        uuid not null references identity.tenants (id) on delete restrict,
    id               uuid not null,
    account_id       uuid not null,
    subscription_id  uuid not null,
    kind             text not null check (kind in ('purchase', 'pay_again', 'upgrade')),
    status           text not null check (status in ('awaiting_payment', 'completed', 'cancelled')),
    amount_minor     bigint not null check (amount_minor >= 0),
    currency         text not null check (currency ~ '^[A-Z]{3}$'),
    created_at       timestamptz not null,
    completed_at     timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, account_id) references accounts (tenant_id, id) on delete restrict,
    foreign key (tenant_id, subscription_id) references subscriptions (tenant_id, id) on delete restrict
);
alter table subscriptions add foreign key (tenant_id, order_id) references orders (tenant_id, id)
    on delete restrict deferrable initially deferred;
create index orders_created on orders (tenant_id, created_at, id);
create index orders_account on orders (tenant_id, account_id, created_at, id);
create index orders_subscription on orders (tenant_id, subscription_id, created_at, id);

create table payments (
    tenant_id        uuid not null references identity.tenants (id) on delete restrict,
    id               uuid not null,
    account_id       uuid not null,
    subscription_id  uuid not null,
    order_id         uuid not null,
    amount_minor     bigint not null check (amount_minor > 0),
    debt_paid_minor  bigint not null check (debt_paid_minor >= 0 and debt_paid_minor <= amount_minor),
    currency         text not null check (currency ~ '^[A-Z]{3}$'),
    method           text not null check (method in ('sandbox')),
    principal_id     uuid not null,
    command_key      text not null,
    paid_at          timestamptz not null,
    primary key (tenant_id, id),
    unique (tenant_id, principal_id, command_key),
    foreign key (tenant_id, account_id) references accounts (tenant_id, id) on delete restrict,
    foreign key (tenant_id, subscription_id) references subscriptions (tenant_id, id) on delete restrict,
    foreign key (tenant_id, order_id) references orders (tenant_id, id) on delete restrict
);
create index payments_subscription on payments (tenant_id, subscription_id, paid_at, id);

create table credit_lots (
    tenant_id        uuid not null references identity.tenants (id) on delete restrict,
    id               uuid not null,
    subscription_id  uuid not null,
    order_id         uuid not null,
    source           text not null check (source in ('trial', 'payment')),
    amount_minor     bigint not null check (amount_minor > 0),
    currency         text not null check (currency ~ '^[A-Z]{3}$'),
    effective_at     timestamptz not null,
    expires_at       timestamptz not null,
    expired_at       timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, subscription_id) references subscriptions (tenant_id, id) on delete restrict,
    foreign key (tenant_id, order_id) references orders (tenant_id, id) on delete restrict,
    check (expires_at > effective_at)
);
create index credit_lots_subscription on credit_lots (tenant_id, subscription_id, expires_at, effective_at, id);

-- ── the ledger ──────────────────────────────────────────────────────────────────────────────────────────────────────
-- A ledger account is named by its kind and its owner. balance = credits - debits. What the tenant owes its customer (lots, commitment) is never below
-- zero, what the customer owes (receivables) never above: the row's own CHECK refuses an overdraft, whoever asks.

create table ledger_accounts (
    tenant_id      uuid not null references identity.tenants (id) on delete restrict,
    kind           text not null check (kind in ('credit_lot', 'receivable', 'commitment', 'overage_receivable', 'payments',
                                                  'revenue', 'forfeited', 'promotion', 'waived', 'commitment_contract')),
    owner_id       uuid not null,
    currency       text not null check (currency ~ '^[A-Z]{3}$'),
    balance_minor  bigint not null default 0,
    primary key (tenant_id, kind, owner_id),
    check (kind not in ('credit_lot') or balance_minor >= 0),
    check (kind not in ('receivable', 'overage_receivable') or balance_minor <= 0)
);

create table ledger_transfers (
    tenant_id        uuid not null references identity.tenants (id) on delete restrict,
    id               uuid not null,
    entry_id         uuid not null,
    account_id       uuid not null,
    subscription_id  uuid,
    debit_kind       text not null,
    debit_owner_id   uuid not null,
    credit_kind      text not null,
    credit_owner_id  uuid not null,
    amount_minor     bigint not null check (amount_minor > 0),
    currency         text not null check (currency ~ '^[A-Z]{3}$'),
    purpose          text not null check (purpose in ('payment', 'debt_payment', 'trial_grant', 'usage', 'usage_outstanding', 'usage_refund',
                                                       'overage', 'overage_refund', 'forfeit', 'debt_waived', 'commitment', 'reversal')),
    source_kind      text not null check (source_kind in ('payment', 'settlement', 'lot_expiry', 'upgrade', 'enrollment', 'reversal')),
    source_id        uuid not null,
    line             integer not null check (line >= 0),
    reverses_id      uuid,
    posted_at        timestamptz not null,
    primary key (tenant_id, id),
    unique (tenant_id, source_kind, source_id, line),
    unique (tenant_id, reverses_id),
    foreign key (tenant_id, debit_kind, debit_owner_id) references ledger_accounts (tenant_id, kind, owner_id) on delete restrict,
    foreign key (tenant_id, credit_kind, credit_owner_id) references ledger_accounts (tenant_id, kind, owner_id) on delete restrict,
    foreign key (tenant_id, reverses_id) references ledger_transfers (tenant_id, id) on delete restrict,
    check (debit_kind <> credit_kind or debit_owner_id <> credit_owner_id)
);
create index ledger_transfers_entry on ledger_transfers (tenant_id, entry_id);
create index ledger_transfers_debit on ledger_transfers (tenant_id, debit_kind, debit_owner_id, posted_at);
create index ledger_transfers_credit on ledger_transfers (tenant_id, credit_kind, credit_owner_id, posted_at);
create index ledger_transfers_subscription on ledger_transfers (tenant_id, subscription_id, posted_at) where subscription_id is not null;

-- ── usage ───────────────────────────────────────────────────────────────────────────────────────────────────────────

create table usage_events (
    tenant_id        uuid not null references identity.tenants (id) on delete restrict,
    source           text not null check (char_length(source) between 1 and 300),
    event_id         text not null check (char_length(event_id) between 1 and 300),
    subscription_id  uuid not null,
    record_id        uuid not null,
    type             text not null check (char_length(type) between 1 and 200),
    occurred_at      timestamptz not null,
    received_at      timestamptz not null,
    primary key (tenant_id, source, event_id),
    foreign key (tenant_id, subscription_id) references subscriptions (tenant_id, id) on delete restrict
);
create index usage_events_subscription on usage_events (tenant_id, subscription_id);

create table usage_records (
    tenant_id        uuid not null references identity.tenants (id) on delete restrict,
    id               uuid not null,
    subscription_id  uuid not null,
    product          text not null check (char_length(product) between 1 and 300),
    meter            text not null check (char_length(meter) between 1 and 200),
    resource         text check (char_length(resource) <= 1000),
    occurred_at      timestamptz not null,
    bill_month       date not null check (extract(day from bill_month) = 1),
    quantity         numeric not null,
    unit             text not null check (char_length(unit) <= 100),
    cost             numeric not null,
    currency         text not null check (currency ~ '^[A-Z]{3}$'),
    settlement_id    uuid,
    primary key (tenant_id, id),
    foreign key (tenant_id, subscription_id) references subscriptions (tenant_id, id) on delete restrict
);
create index usage_records_time on usage_records (tenant_id, subscription_id, occurred_at, id);
create index usage_records_unsettled on usage_records (tenant_id, subscription_id, occurred_at, id) where settlement_id is null;

-- One row per subscription, month and billing item: the grain at which money is rounded (M2, M6a). Fixed at deletion (L3).
create table bill_lines (
    tenant_id        uuid not null references identity.tenants (id) on delete restrict,
    subscription_id  uuid not null,
    bill_month       date not null,
    product          text not null,
    meter            text not null,
    currency         text not null check (currency ~ '^[A-Z]{3}$'),
    quantity         numeric not null,
    unit             text not null,
    exact_amount     numeric not null,
    posted_minor     bigint not null,
    fixed_at         timestamptz,
    primary key (tenant_id, subscription_id, bill_month, product, meter),
    foreign key (tenant_id, subscription_id) references subscriptions (tenant_id, id) on delete restrict
);

-- ── what happened ───────────────────────────────────────────────────────────────────────────────────────────────────

create table transition_events (
    tenant_id        uuid not null references identity.tenants (id) on delete restrict,
    id               uuid not null,
    subscription_id  uuid not null,
    sequence         bigint not null,
    at               timestamptz not null,
    type             text not null,
    rule             text not null,
    actor_kind       text not null check (actor_kind in ('user', 'key', 'timer', 'operator')),
    actor_id         uuid,
    reason           text,
    from_state       text,
    to_state         text not null,
    note             text check (char_length(note) <= 1000),
    primary key (tenant_id, id),
    unique (tenant_id, subscription_id, sequence),
    foreign key (tenant_id, subscription_id) references subscriptions (tenant_id, id) on delete restrict
);

create table audit_events (
    tenant_id    uuid not null references identity.tenants (id) on delete restrict,
    id           uuid not null,
    at           timestamptz not null,
    action       text not null,
    actor_kind   text not null check (actor_kind in ('user', 'key', 'timer', 'operator')),
    actor_id     uuid,
    object_kind  text not null,
    object_id    uuid not null,
    account_id   uuid,
    reason       text,
    from_state   text,
    to_state     text,
    request_id   text,
    recorded_at  timestamptz not null,
    primary key (tenant_id, id)
);
create index audit_events_at on audit_events (tenant_id, at, id);
create index audit_events_account on audit_events (tenant_id, account_id, at, id);
create index audit_events_object on audit_events (tenant_id, object_id, at, id);

create table audit_details (
    tenant_id       uuid not null references identity.tenants (id) on delete restrict,
    audit_event_id  uuid not null,
    object_id       uuid not null,
    before          jsonb,
    after           jsonb,
    primary key (tenant_id, audit_event_id),
    foreign key (tenant_id, audit_event_id) references audit_events (tenant_id, id) on delete restrict
);
create index audit_details_object on audit_details (tenant_id, object_id);

create table outbox_events (
    tenant_id    uuid not null references identity.tenants (id) on delete restrict,
    id           uuid not null,
    type         text not null,
    object_kind  text not null,
    object_id    uuid not null,
    account_id   uuid,
    sequence     bigint not null,
    payload      jsonb,
    occurred_at  timestamptz not null,
    primary key (tenant_id, id),
    unique (tenant_id, object_id, sequence, type)
);

create table deletion_certificates (
    tenant_id        uuid not null references identity.tenants (id) on delete restrict,
    subscription_id  uuid not null,
    id               uuid not null,
    deleted_at       timestamptz not null,
    rule             text not null,
    suspended_at     timestamptz,
    delete_at        timestamptz,
    reasons          text[] not null,
    erased           jsonb not null,
    kept             jsonb not null,
    sha256           text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    primary key (tenant_id, subscription_id),
    foreign key (tenant_id, subscription_id) references subscriptions (tenant_id, id) on delete restrict
);

-- ── work that waits ─────────────────────────────────────────────────────────────────────────────────────────────────

create table timers (
    tenant_id   uuid not null references identity.tenants (id) on delete restrict,
    kind        text not null check (kind in ('lot_expiry', 'subscription_deletion', 'pending_lapse')),
    subject_id  uuid not null,
    subscription_id uuid not null,
    due_at      timestamptz not null,
    attempts    integer not null default 0,
    retry_at    timestamptz,
    last_error  text,
    primary key (tenant_id, kind, subject_id),
    foreign key (tenant_id, subscription_id) references subscriptions (tenant_id, id) on delete restrict
);
create index timers_due on timers (tenant_id, due_at, kind, subject_id);

create table idempotency_keys (
    tenant_id      uuid not null references identity.tenants (id) on delete restrict,
    principal_id   uuid not null,
    key            text not null check (char_length(key) between 1 and 255),
    request_hash   bytea not null,
    status         integer,
    location       text,
    response_body  text,
    object_id      uuid,
    created_at     timestamptz not null,
    primary key (tenant_id, principal_id, key)
);
create index idempotency_keys_object on idempotency_keys (tenant_id, object_id) where object_id is not null;
create index idempotency_keys_age on idempotency_keys (tenant_id, created_at);

create table work.settlement_queue (
    tenant_id        uuid not null,
    subscription_id  uuid not null,
    queued_at        timestamptz not null,
    attempts         integer not null default 0,
    last_error       text,
    primary key (tenant_id, subscription_id)
);
create index settlement_queue_age on work.settlement_queue (queued_at);

-- ── row-level security: one policy a table, and forced on the owner too ─────────────────────────────────────────────

do $$
declare t text;
begin
    for t in select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
             where n.nspname = 'public' and c.relkind = 'r' and c.relname <> 'bursar_migrations' order by c.relname
    loop
        execute format('alter table public.%I enable row level security', t);
        execute format('alter table public.%I force row level security', t);
        execute format('create policy one_tenant on public.%I as permissive for all to public '
            || 'using (tenant_id = (select nullif(current_setting(''app.tenant_id'', true), '''')::uuid)) '
            || 'with check (tenant_id = (select nullif(current_setting(''app.tenant_id'', true), '''')::uuid))', t);
    end loop;
end
$$;

-- ── what the app role may do ────────────────────────────────────────────────────────────────────────────────────────

revoke all on schema public from public;
grant usage on schema public, identity, work, reference to bursar_app;
grant select on all tables in schema reference to bursar_app;
grant select, insert on all tables in schema public to bursar_app;
grant select, insert on identity.sign_ins, identity.sessions, identity.api_keys to bursar_app;
grant select on identity.tenants to bursar_app;
grant select, insert, delete on work.settlement_queue to bursar_app;
grant update (attempts, last_error, queued_at) on work.settlement_queue to bursar_app;
grant update (password_hash, failures, locked_until) on identity.sign_ins to bursar_app;
grant update (seen_at) on identity.sessions to bursar_app;
grant delete on identity.sessions to bursar_app;
grant update (revoked_at) on identity.api_keys to bursar_app;

grant update (now_at, advancing_to, advance_lease, advance_token) on test_clocks to bursar_app;
grant update (first_name, last_name, phone, company, locale) on users to bursar_app;
grant update (posted_minor) on enrollments to bursar_app;
grant update (name, time_zone, locale, identity_verified, version, updated_at) on accounts to bursar_app;
grant update (offer, policy_version, state, suspension_reasons, name, service_administrator_id, partner_id, outstanding_minor, services_configured,
              activated_at, suspended_at, delete_at, deleted_at, lapse_at, external_number, version, updated_at) on subscriptions to bursar_app;
grant update (reactivated_at) on suspension_intervals to bursar_app;
grant update (status, completed_at) on orders to bursar_app;
grant update (expired_at) on credit_lots to bursar_app;
grant update (balance_minor) on ledger_accounts to bursar_app;
grant update (settlement_id) on usage_records to bursar_app;
grant update (quantity, exact_amount, posted_minor, fixed_at) on bill_lines to bursar_app;
grant update (note) on transition_events to bursar_app;
grant update (payload) on outbox_events to bursar_app;
grant update (due_at, attempts, retry_at, last_error) on timers to bursar_app;
grant update (status, location, response_body, object_id) on idempotency_keys to bursar_app;
grant delete on usage_events, usage_records, audit_details, timers, idempotency_keys, role_assignments to bursar_app;
