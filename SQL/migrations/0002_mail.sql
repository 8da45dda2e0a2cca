-- Letters: asked for in the transaction of their cause, rendered and sent afterwards.

create table mails (
    tenant_id        uuid not null references identity.tenants (id) on delete restrict,
    id               uuid not null,
    kind             text not null check (char_length(kind) between 1 and 100),
    cause_id         uuid not null,
    account_id       uuid,
    subscription_id  uuid,
    user_id          uuid,
    email            text not null check (email = lower(email) and char_length(email) between 3 and 254),
    -- What the words are filled with, typed, so that dates and money are written in the reader's language when the letter is sent.
    facts            jsonb not null,
    -- A page of the portal, and a one-time address that is erased once it has been sent.
    link             text,
    secret_path      text,
    status           text not null check (status in ('waiting', 'sent', 'refused', 'failed')),
    attempts         integer not null default 0 check (attempts >= 0),
    next_attempt_at  timestamptz,
    occurred_at      timestamptz not null,
    queued_at        timestamptz not null,
    sent_at          timestamptz,
    smtp_reply       text,
    subject          text,
    body_text        text,
    body_html        text,
    primary key (tenant_id, id),
    unique (tenant_id, kind, cause_id, email),
    foreign key (tenant_id, account_id) references accounts (tenant_id, id) on delete restrict,
    foreign key (tenant_id, subscription_id) references subscriptions (tenant_id, id) on delete restrict,
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete restrict,
    check ((status = 'waiting') = (next_attempt_at is not null)),
    check ((status = 'sent') = (sent_at is not null))
);
create index mails_due on mails (tenant_id, next_attempt_at, id) where status = 'waiting';
create index mails_account on mails (tenant_id, account_id, occurred_at, id);
create index mails_subscription on mails (tenant_id, subscription_id) where subscription_id is not null;

alter table mails enable row level security;
alter table mails force row level security;
create policy one_tenant on mails as permissive for all to public
    using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid))
    with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

grant select, insert, delete on mails to bursar_app;
grant update (status, attempts, next_attempt_at, sent_at, smtp_reply, subject, body_text, body_html, secret_path) on mails to bursar_app;
