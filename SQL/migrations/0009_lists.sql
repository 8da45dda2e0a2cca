-- Lists that are sorted and searched by name, at any number of rows.
--
-- The key is the name in small letters, compared byte by byte: the one form that a sorted page, its cursor and a search for a beginning share.
-- A comparison with it is leakproof, so the index serves it under row-level security too; a call of lower() in the statement would not be.

alter table subscriptions add column name_key text collate "C" not null generated always as (lower(coalesce(name, ''))) stored;
create index subscriptions_name on subscriptions (tenant_id, name_key, id);
create index subscriptions_account_name on subscriptions (tenant_id, account_id, name_key, id);
create index subscriptions_enrollment_name on subscriptions (tenant_id, enrollment_id, name_key, id) where enrollment_id is not null;

alter table accounts add column name_key text collate "C" not null generated always as (lower(name)) stored;
create index accounts_name on accounts (tenant_id, name_key, id);

alter table partners add column name_key text collate "C" not null generated always as (lower(company_name)) stored;
create index partners_name on partners (tenant_id, name_key, id);

-- Filters of the lists, each with the order that its list has.
create index subscriptions_offer on subscriptions (tenant_id, offer, created_at, id);
-- Rows are counted up to ten thousand on every page: these say enough of each to count them without the table itself.
drop index subscriptions_account;
create index subscriptions_account on subscriptions (tenant_id, account_id, created_at, id) include (state, offer);
drop index subscriptions_enrollment;
create index subscriptions_enrollment on subscriptions (tenant_id, enrollment_id, created_at, id) include (state, offer, department_id)
    where enrollment_id is not null;
drop index subscriptions_created;
create index subscriptions_created on subscriptions (tenant_id, created_at, id) include (state, offer);
-- Whether somebody serves a subscription outside her own accounts: asked on every page of hers.
create index subscriptions_served on subscriptions (tenant_id, service_administrator_id, account_id, enrollment_id);
create index subscriptions_account_state on subscriptions (tenant_id, account_id, state, created_at, id);
create index subscriptions_partner on subscriptions (tenant_id, partner_id, created_at, id) where partner_id is not null;
create index orders_status on orders (tenant_id, status, created_at, id);
