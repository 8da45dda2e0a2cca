-- Ways in: one-time links, and what a person says about herself.

-- A link that was sent or handed out and may be used once. Only the hash of its token is kept; the address itself is known to whoever received it.
create table identity.one_time_links (
    token_hash  bytea primary key check (octet_length(token_hash) = 32),
    tenant_id   uuid not null references identity.tenants (id) on delete restrict,
    purpose     text not null check (purpose in ('portal_session', 'password_reset', 'invitation', 'email_confirmation', 'account_handover')),
    user_id     uuid not null,
    -- What the link is about (an account, an invitation); what it leads to; the provider's page to go back to; a value that only the link confirms.
    subject_id  uuid,
    path        text check (char_length(path) <= 2048),
    return_url  text check (char_length(return_url) <= 2048),
    detail      text check (char_length(detail) <= 254),
    created_at  timestamptz not null,
    expires_at  timestamptz not null,
    used_at     timestamptz,
    check (expires_at > created_at)
);
create index one_time_links_user on identity.one_time_links (tenant_id, user_id, purpose);
create index one_time_links_age on identity.one_time_links (expires_at);
grant select, insert, delete on identity.one_time_links to bursar_app;
grant update (used_at, expires_at) on identity.one_time_links to bursar_app;

-- ── sessions: shown to their owner, ended one by one ────────────────────────────────────────────────────────────────
-- Those of before have no ID to be ended by: everybody signs in once more.

delete from identity.sessions;
alter table identity.sessions
    add column id uuid not null unique,
    -- When a password or a code was last checked; null for whoever came by a link of the provider's.
    add column authenticated_at timestamptz,
    add column device text not null default '' check (char_length(device) <= 300),
    add column address text not null default '' check (char_length(address) <= 64),
    -- The provider's page that a portal session came from and can go back to.
    add column return_url text check (char_length(return_url) <= 2048);
create index sessions_user on identity.sessions (tenant_id, user_id);
grant update (token_hash, authenticated_at) on identity.sessions to bursar_app;

-- The password was right, and something is still to be said: the second step's code, or which of several tenants.
create table identity.sign_in_steps (
    token_hash  bytea primary key check (octet_length(token_hash) = 32),
    tenant_id   uuid not null references identity.tenants (id) on delete restrict,
    user_id     uuid not null,
    created_at  timestamptz not null,
    expires_at  timestamptz not null
);
create index sign_in_steps_age on identity.sign_in_steps (expires_at);
grant select, insert, delete on identity.sign_in_steps to bursar_app;

-- ── two-step sign-in ────────────────────────────────────────────────────────────────────────────────────────────────

create table identity.second_factors (
    tenant_id      uuid not null references identity.tenants (id) on delete restrict,
    user_id        uuid not null,
    -- AES-256-GCM under the installation's key, bound to tenant and user.
    sealed_secret  bytea not null check (octet_length(sealed_secret) between 29 and 200),
    created_at     timestamptz not null,
    -- Null until a first code has shown that the app knows the secret.
    confirmed_at   timestamptz,
    -- The 30-second step of the last code that was taken: none counts twice.
    last_step      bigint not null default 0,
    failures       integer not null default 0 check (failures >= 0),
    locked_until   timestamptz,
    -- New recovery codes, until their owner says that she has kept them.
    sealed_codes   bytea check (octet_length(sealed_codes) <= 1000),
    codes_made_at  timestamptz,
    primary key (tenant_id, user_id)
);
grant select, insert, delete on identity.second_factors to bursar_app;
grant update (sealed_secret, created_at, confirmed_at, last_step, failures, locked_until, sealed_codes, codes_made_at)
    on identity.second_factors to bursar_app;

create table identity.recovery_codes (
    tenant_id   uuid not null,
    user_id     uuid not null,
    code_hash   bytea not null check (octet_length(code_hash) = 32),
    created_at  timestamptz not null,
    used_at     timestamptz,
    primary key (tenant_id, user_id, code_hash),
    foreign key (tenant_id, user_id) references identity.second_factors (tenant_id, user_id) on delete restrict
);
grant select, insert, delete on identity.recovery_codes to bursar_app;
grant update (used_at) on identity.recovery_codes to bursar_app;

-- ── what a person says about herself ────────────────────────────────────────────────────────────────────────────────

alter table users
    -- Changed only by a link that was mailed to the new address, so what stands here is confirmed.
    add column contact_email text check (contact_email = lower(contact_email) and char_length(contact_email) between 3 and 254),
    add column time_zone text check (char_length(time_zone) between 1 and 64),
    add column theme text check (theme in ('auto', 'light', 'dark')),
    add column version bigint not null default 1;
comment on column users.email is 'The name she signs in with.';
comment on column users.contact_email is 'Where letters go: coalesce(contact_email, email). Null: the sign-in address.';
grant update (contact_email, time_zone, theme, version) on users to bursar_app;

-- ── password resets: every request is kept for an hour, for whatever address, so that nobody is flooded and nothing is told ─────────────────────

create table identity.reset_requests (
    id          uuid primary key,
    email_hash  bytea not null check (octet_length(email_hash) = 32),
    address     text not null check (char_length(address) <= 64),
    at          timestamptz not null,
    handled     boolean not null default false
);
create index reset_requests_email on identity.reset_requests (email_hash, at);
create index reset_requests_address on identity.reset_requests (address, at);
create index reset_requests_at on identity.reset_requests (at);
grant select, insert, delete on identity.reset_requests to bursar_app;
grant update (handled) on identity.reset_requests to bursar_app;
