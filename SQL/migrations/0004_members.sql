-- Members and their invitations, the hand-over of an account, and what the audit log is asked for.

-- An invitation is the promise of a role: finance or reader of an account, administrator of an enrollment. When it is accepted the role's assignment
-- takes over its ID. That of an account's or a subscription's administrator only brings her the way to sign in: the role is hers already. Its times
-- are real ones, like those of the one-time link that it travels with.
create table invitations (
    tenant_id        uuid not null references identity.tenants (id) on delete restrict,
    id               uuid not null,
    user_id          uuid not null,
    role             text not null check (role in ('finance', 'reader', 'enterprise_admin', 'account_admin', 'service_admin')),
    account_id       uuid,
    enrollment_id    uuid,
    subscription_id  uuid,
    status           text not null check (status in ('pending', 'accepted', 'withdrawn')),
    sends            integer not null default 1 check (sends between 1 and 10),
    sent_at          timestamptz not null,
    expires_at       timestamptz not null,
    settled_at       timestamptz,
    created_at       timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete restrict,
    foreign key (tenant_id, account_id) references accounts (tenant_id, id) on delete restrict,
    foreign key (tenant_id, enrollment_id) references enrollments (tenant_id, id) on delete restrict,
    foreign key (tenant_id, subscription_id) references subscriptions (tenant_id, id) on delete restrict,
    check ((account_id is null) = (role = 'enterprise_admin')),
    check ((enrollment_id is not null) = (role = 'enterprise_admin')),
    check ((subscription_id is not null) = (role = 'service_admin')),
    check ((settled_at is null) = (status = 'pending')),
    check (expires_at > sent_at)
);
-- One open invitation a person and place: the second of two at once is refused by the key.
create unique index invitations_open on invitations (tenant_id, user_id, account_id, enrollment_id, subscription_id) nulls not distinct
    where status = 'pending';
create index invitations_account on invitations (tenant_id, account_id, created_at, id) where status = 'pending';
create index invitations_enrollment on invitations (tenant_id, enrollment_id, created_at, id) where status = 'pending';
create index invitations_subscription on invitations (tenant_id, subscription_id) where subscription_id is not null;

-- An account goes to a new administrator when both have said so. One open hand-over an account.
create table handovers (
    tenant_id        uuid not null references identity.tenants (id) on delete restrict,
    id               uuid not null,
    account_id       uuid not null,
    from_user_id     uuid not null,
    to_user_id       uuid not null,
    -- What the one who hands over stays in the account; null is nothing.
    keeps_role       text check (keeps_role in ('finance', 'reader')),
    status           text not null check (status in ('pending', 'accepted', 'cancelled', 'expired')),
    expires_at       timestamptz not null,
    settled_at       timestamptz,
    created_at       timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, account_id) references accounts (tenant_id, id) on delete restrict,
    foreign key (tenant_id, from_user_id) references users (tenant_id, id) on delete restrict,
    foreign key (tenant_id, to_user_id) references users (tenant_id, id) on delete restrict,
    check (from_user_id <> to_user_id),
    check ((settled_at is null) = (status = 'pending')),
    check (expires_at > created_at)
);
create unique index handovers_open on handovers (tenant_id, account_id) where status = 'pending';
create index handovers_account on handovers (tenant_id, account_id, created_at, id);

-- What is rationed, by whom, and the real times of the latest uses. It holds nothing that must last.
create table work.rations (
    tenant_id     uuid not null,
    principal_id  uuid not null,
    kind          text not null,
    used_at       timestamptz[] not null,
    primary key (tenant_id, principal_id, kind)
);

-- When a person was last seen, whatever became of the session.
alter table identity.sign_ins add column seen_at timestamptz;

-- Where a request came from may be erased, so it stands with what may be erased.
alter table audit_details add column ip text check (char_length(ip) <= 64);
create index audit_events_actor on audit_events (tenant_id, actor_id, at, id) where actor_id is not null;
create index audit_events_action on audit_events (tenant_id, action, at, id);

do $$
declare t text;
begin
    foreach t in array array['invitations', 'handovers'] loop
        execute format('alter table public.%I enable row level security', t);
        execute format('alter table public.%I force row level security', t);
        execute format('create policy one_tenant on public.%I as permissive for all to public '
            || 'using (tenant_id = (select nullif(current_setting(''app.tenant_id'', true), '''')::uuid)) '
            || 'with check (tenant_id = (select nullif(current_setting(''app.tenant_id'', true), '''')::uuid))', t);
    end loop;
end
$$;

grant select, insert on invitations, handovers, work.rations to bursar_app;
grant update (role, status, sends, sent_at, expires_at, settled_at) on invitations to bursar_app;
grant update (status, settled_at) on handovers to bursar_app;
grant update (used_at) on work.rations to bursar_app;
grant update (seen_at) on identity.sign_ins to bursar_app;
grant update (administrator_id) on accounts to bursar_app;
grant update (role) on role_assignments to bursar_app;
