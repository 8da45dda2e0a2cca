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
