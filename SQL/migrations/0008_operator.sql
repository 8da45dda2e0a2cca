-- The operator's desk: what search goes by, notes on accounts, visits in a customer's stead, drafts of policies, identities to verify.

-- ── search: names are found by the lists' own keys; these are the numbers and the people ────────────────────────────

create index subscriptions_external_number on subscriptions (tenant_id, external_number) where external_number is not null;
create index subscriptions_policy on subscriptions (tenant_id, offer, currency, policy_version, id);
create index role_assignments_user on role_assignments (tenant_id, user_id);
create index payments_order on payments (tenant_id, order_id, paid_at, id);
create index payments_account on payments (tenant_id, account_id, paid_at, id);
create index credit_lots_order on credit_lots (tenant_id, order_id);

-- The account's timeline: its money's entries one by one, its usage by the day.
create index ledger_transfers_account on ledger_transfers (tenant_id, account_id, posted_at, entry_id);
create index ledger_transfers_account_entries on ledger_transfers (tenant_id, account_id, posted_at, entry_id) where source_kind <> 'settlement';

-- ── jobs: what failed is found without looking at what waits ────────────────────────────────────────────────────────

create index timers_failing on timers (tenant_id, retry_at, kind, subject_id) where attempts > 0;

-- ── partners: renamed and retired ───────────────────────────────────────────────────────────────────────────────────

alter table partners add column retired_at timestamptz, add column version bigint not null default 1;
grant update (company_name, retired_at, version) on partners to bursar_app;

-- ── notes of the operators on an account; erased, a note leaves only that it was there ──────────────────────────────

create table account_notes (
    tenant_id   uuid not null references identity.tenants (id) on delete restrict,
    id          uuid not null,
    account_id  uuid not null,
    author_id   uuid not null,
    body        text check (char_length(body) between 1 and 2000),
    created_at  timestamptz not null,
    erased_at   timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, account_id) references accounts (tenant_id, id) on delete restrict,
    check ((body is null) = (erased_at is not null))
);
create index account_notes_account on account_notes (tenant_id, account_id, created_at, id);

-- ── view as: an operator sees the portal as a person of an account does, for a while, and changes nothing ───────────

create table account_views (
    tenant_id    uuid not null references identity.tenants (id) on delete restrict,
    id           uuid not null,
    account_id   uuid not null,
    person_id    uuid not null,
    operator_id  uuid not null,
    reason       text not null check (char_length(reason) between 1 and 500),
    started_at   timestamptz not null,
    ends_at      timestamptz not null,
    ended_at     timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, account_id) references accounts (tenant_id, id) on delete restrict,
    foreign key (tenant_id, person_id) references users (tenant_id, id) on delete restrict,
    foreign key (tenant_id, operator_id) references users (tenant_id, id) on delete restrict,
    check (ends_at > started_at)
);
create index account_views_account on account_views (tenant_id, account_id, started_at, id);

alter table identity.sessions
    add column view_id uuid, add column viewed_account_id uuid, add column viewed_user_id uuid, add column viewing_until timestamptz,
    add constraint sessions_view_is_whole check (num_nonnulls(view_id, viewed_account_id, viewed_user_id, viewing_until) in (0, 4));
grant update (view_id, viewed_account_id, viewed_user_id, viewing_until) on identity.sessions to bursar_app;

-- ── policies: who published a version; a draft is no version and is never sold under ────────────────────────────────

alter table offer_policies add column published_by uuid, add column note text check (char_length(note) <= 500);

create table offer_policy_drafts (
    tenant_id              uuid not null references identity.tenants (id) on delete restrict,
    id                     uuid not null,
    offer                  text not null check (offer in ('trial', 'prepaid', 'enterprise')),
    currency               text not null check (currency ~ '^[A-Z]{3}$'),
    based_on               integer not null check (based_on >= 0),
    status                 text not null check (status in ('open', 'published', 'discarded')),
    minimum_payment_minor  bigint not null check (minimum_payment_minor >= 0),
    largest_payment_minor  bigint not null check (largest_payment_minor >= minimum_payment_minor),
    validity_months        integer not null check (validity_months between 1 and 120),
    retention_days         integer not null check (retention_days between 1 and 3650),
    trial_price_minor      bigint not null check (trial_price_minor >= 0),
    trial_credit_minor     bigint not null check (trial_credit_minor >= trial_price_minor),
    trial_months           integer not null check (trial_months between 1 and 120),
    grace_days             integer not null check (grace_days between 0 and 365),
    pending_lapse_days     integer not null check (pending_lapse_days between 1 and 365),
    edited_by              uuid not null,
    version                bigint not null default 1,
    created_at             timestamptz not null,
    updated_at             timestamptz not null,
    primary key (tenant_id, id)
);
create unique index offer_policy_drafts_open on offer_policy_drafts (tenant_id, offer, currency) where status = 'open';

-- ── identity: an account asks, the operator answers ─────────────────────────────────────────────────────────────────

create table identity_requests (
    tenant_id            uuid not null references identity.tenants (id) on delete restrict,
    id                   uuid not null,
    account_id           uuid not null,
    status               text not null check (status in ('waiting', 'verified', 'declined')),
    company_name         text not null check (char_length(company_name) between 1 and 200),
    registration_number  text not null check (char_length(registration_number) between 1 and 100),
    legal_representative text not null default '' check (char_length(legal_representative) <= 200),
    requested_by         uuid not null,
    requested_at         timestamptz not null,
    decided_by           uuid,
    decided_at           timestamptz,
    reason               text check (char_length(reason) between 1 and 500),
    primary key (tenant_id, id),
    foreign key (tenant_id, account_id) references accounts (tenant_id, id) on delete restrict,
    check ((status = 'waiting') = (decided_at is null)),
    check ((status = 'waiting') = (decided_by is null)),
    check ((status = 'waiting') = (reason is null))
);
create unique index identity_requests_waiting on identity_requests (tenant_id, account_id) where status = 'waiting';
create index identity_requests_queue on identity_requests (tenant_id, requested_at, id) where status = 'waiting';
create index identity_requests_account on identity_requests (tenant_id, account_id, requested_at, id);

-- ── row security and rights ─────────────────────────────────────────────────────────────────────────────────────────

do $$
declare t text;
begin
    foreach t in array array['account_notes', 'account_views', 'offer_policy_drafts', 'identity_requests'] loop
        execute format('alter table public.%I enable row level security', t);
        execute format('alter table public.%I force row level security', t);
        execute format('create policy one_tenant on public.%I as permissive for all to public '
            || 'using (tenant_id = (select nullif(current_setting(''app.tenant_id'', true), '''')::uuid)) '
            || 'with check (tenant_id = (select nullif(current_setting(''app.tenant_id'', true), '''')::uuid))', t);
    end loop;
end
$$;

grant select, insert on account_notes, account_views, offer_policy_drafts, identity_requests to bursar_app;
grant update (body, erased_at) on account_notes to bursar_app;
grant update (ended_at) on account_views to bursar_app;
grant update (based_on, status, minimum_payment_minor, largest_payment_minor, validity_months, retention_days, trial_price_minor,
              trial_credit_minor, trial_months, grace_days, pending_lapse_days, edited_by, version, updated_at) on offer_policy_drafts to bursar_app;
grant update (status, decided_by, decided_at, reason) on identity_requests to bursar_app;

-- The switches of a tenant, for its operators.
alter table identity.tenants add column if not exists additional_subscriptions boolean not null default false;
grant update (additional_subscriptions) on identity.tenants to bursar_app;
grant update (sandbox_payments) on identity.tenants to bursar_app;
