-- A person's own letters in their order, whichever account they are about: what her page of notifications begins with.
create index mails_user on mails (tenant_id, user_id, occurred_at, id) where user_id is not null;
