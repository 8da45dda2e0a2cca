-- Orders that lapsed unpaid, apart from what ran and was deleted: either kind may be a handful among a million of the other, so each has an index of its
-- own in the order in which lists show them. Only deleted rows are in them.
create index subscriptions_lapsed on subscriptions (tenant_id, created_at, id) where state = 'deleted' and activated_at is null;
create index subscriptions_account_lapsed on subscriptions (tenant_id, account_id, created_at, id) where state = 'deleted' and activated_at is null;
create index subscriptions_ended on subscriptions (tenant_id, created_at, id) where state = 'deleted' and activated_at is not null;
create index subscriptions_account_ended on subscriptions (tenant_id, account_id, created_at, id) where state = 'deleted' and activated_at is not null;
create index subscriptions_enrollment_ended on subscriptions (tenant_id, enrollment_id, created_at, id)
    where enrollment_id is not null and state = 'deleted' and activated_at is not null;

-- Letters about a subscription that outlive its data are bound to its account alone, and name it among their facts. A column of its own, because behind
-- row security no index answers for what stands inside a document.
alter table mails add column told_of text generated always as (case when kind in ('deleted', 'lapsed', 'debt_written_off')
    then facts->'subscription_id'->>'text' end) stored;
create index mails_told_of on mails (tenant_id, told_of) where told_of is not null;
