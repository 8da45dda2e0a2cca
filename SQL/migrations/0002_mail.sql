-- Letters: asked for in the transaction of their cause, rendered and sent afterwards; and the notices that fall due.

create table mails (
    tenant_id        uuid not null references identity.tenants (id) on delete restrict,
    id               uuid not null,
    kind             text not null check (char_length(kind) between 1 and 100),
    cause_id         uuid not null,
    account_id       uuid,
    subscription_id  uuid,
    user_id          uuid,
    -- The address, the facts and the words are erased with the subscription that they are about; that a letter was sent, and when, stays.
    email            text check (email = lower(email) and char_length(email) between 3 and 254),
    -- What the words are filled with, typed, so that dates and money are written in the reader's language.
    facts            jsonb,
    -- A page of the portal, and a one-time address that is erased once it has been sent.
    link             text,
    secret_path      text,
    status           text not null check (status in ('waiting', 'sent', 'refused', 'failed')),
    attempts         integer not null default 0 check (attempts >= 0),
    -- When it is due; while a server is sending it, when that server's lease runs out.
    next_attempt_at  timestamptz,
    occurred_at      timestamptz not null,
    queued_at        timestamptz not null,
    sent_at          timestamptz,
    erased_at        timestamptz,
    smtp_reply       text,
    -- Set before the first attempt and never again: however often a letter is sent, it is the same letter.
    message_id       text,
    -- The letter that this one repeats, because somebody asked for it.
    copy_of          uuid,
    language         text check (language in ('en', 'zh-Hans')),
    subject          text,
    body_text        text,
    body_html        text,
    primary key (tenant_id, id),
    unique (tenant_id, kind, cause_id, email),
    foreign key (tenant_id, account_id) references accounts (tenant_id, id) on delete restrict,
    foreign key (tenant_id, subscription_id) references subscriptions (tenant_id, id) on delete restrict,
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete restrict,
    foreign key (tenant_id, copy_of) references mails (tenant_id, id) on delete restrict,
    check ((status = 'waiting') = (next_attempt_at is not null)),
    check ((status = 'sent') = (sent_at is not null)),
    check (status = 'waiting' or secret_path is null),
    check ((erased_at is null) = (email is not null)),
    check (erased_at is null or (facts is null and link is null and subject is null and body_text is null and body_html is null
                                 and smtp_reply is null and status <> 'waiting')),
    check ((subject is null) = (body_text is null) and (subject is null) = (body_html is null))
);
create index mails_due on mails (tenant_id, next_attempt_at, id) where status = 'waiting';
create index mails_unwritten on mails (tenant_id, id) where status = 'waiting' and subject is null;
create index mails_occurred on mails (tenant_id, occurred_at, id);
create index mails_status on mails (tenant_id, status, occurred_at, id);
create index mails_account on mails (tenant_id, account_id, occurred_at, id);
create index mails_email on mails (tenant_id, email, occurred_at, id) where email is not null;
create index mails_subscription on mails (tenant_id, subscription_id) where subscription_id is not null;

-- Notices that fall due: the Monday balance, credit that ends soon, the countdown to a deletion. A sweep costs what is due.
create table notice_timers (
    tenant_id        uuid not null references identity.tenants (id) on delete restrict,
    kind             text not null check (kind in ('credit_expiring', 'deletion_countdown', 'balance_notice')),
    subject_id       uuid not null,
    account_id       uuid not null,
    subscription_id  uuid,
    due_at           timestamptz not null,
    attempts         integer not null default 0 check (attempts >= 0),
    retry_at         timestamptz,
    last_error       text,
    primary key (tenant_id, kind, subject_id),
    foreign key (tenant_id, account_id) references accounts (tenant_id, id) on delete restrict,
    foreign key (tenant_id, subscription_id) references subscriptions (tenant_id, id) on delete restrict,
    check ((kind = 'balance_notice') = (subscription_id is null))
);
create index notice_timers_due on notice_timers (tenant_id, due_at, kind, subject_id);
create index notice_timers_subscription on notice_timers (tenant_id, subscription_id) where subscription_id is not null;

do $$
declare t text;
begin
    foreach t in array array['mails', 'notice_timers'] loop
        execute format('alter table public.%I enable row level security', t);
        execute format('alter table public.%I force row level security', t);
        execute format('create policy one_tenant on public.%I as permissive for all to public '
            || 'using (tenant_id = (select nullif(current_setting(''app.tenant_id'', true), '''')::uuid)) '
            || 'with check (tenant_id = (select nullif(current_setting(''app.tenant_id'', true), '''')::uuid))', t);
    end loop;
end
$$;

grant select, insert on mails to bursar_app;
grant update (status, attempts, next_attempt_at, sent_at, erased_at, smtp_reply, message_id, language, subject, body_text, body_html,
              secret_path, email, facts, link) on mails to bursar_app;
grant select, insert, delete on notice_timers to bursar_app;
grant update (account_id, due_at, attempts, retry_at, last_error) on notice_timers to bursar_app;

-- An outgoing event's letters are asked for once: the event is marked in the same transaction.
alter table outbox_events add column letters_at timestamptz;
create index outbox_events_without_letters on outbox_events (tenant_id, id) where letters_at is null;
grant update (letters_at) on outbox_events to bursar_app;

-- What was there before this file: its events are past, its deadlines are not.
do $$
declare tenant uuid;
begin
    for tenant in select id from identity.tenants loop
        perform set_config('app.tenant_id', tenant::text, true);
        update outbox_events set letters_at = occurred_at where tenant_id = tenant;
        insert into notice_timers (tenant_id, kind, subject_id, account_id, subscription_id, due_at)
        select s.tenant_id, 'deletion_countdown', s.id, s.account_id, s.id, s.delete_at - interval '30 days'
        from subscriptions s where s.tenant_id = tenant and s.state = 'suspended';
        insert into notice_timers (tenant_id, kind, subject_id, account_id, subscription_id, due_at)
        select l.tenant_id, 'credit_expiring', l.id, s.account_id, s.id,
               ((l.expires_at at time zone a.time_zone)::date - case s.offer when 'trial' then 7 else 30 end)::timestamp at time zone a.time_zone
        from credit_lots l join subscriptions s on s.tenant_id = l.tenant_id and s.id = l.subscription_id
        join accounts a on a.tenant_id = s.tenant_id and a.id = s.account_id
        where l.tenant_id = tenant and l.expired_at is null and s.state <> 'deleted';
        insert into notice_timers (tenant_id, kind, subject_id, account_id, due_at)
        select a.tenant_id, 'balance_notice', a.id, a.id, coalesce((select c.now_at from test_clocks c where c.tenant_id = a.tenant_id), now()) from accounts a
        where a.tenant_id = tenant and exists (select from subscriptions s where s.tenant_id = a.tenant_id and s.account_id = a.id
                                               and s.offer in ('trial', 'prepaid') and s.state in ('active', 'past_due', 'suspended'));
    end loop;
end
$$;
