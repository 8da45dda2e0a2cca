-- What pages of agreements and accounts with tens of thousands of subscriptions read by index alone.

-- How many stand in each department, and which of them run: in the departments' order, so that counting them is one walk.
create index subscriptions_enrollment_department on subscriptions (tenant_id, enrollment_id, department_id, state, id) where enrollment_id is not null;
-- What is in none: the planner takes it for most of an agreement, because most subscriptions of a tenant have neither department nor agreement.
create index subscriptions_no_department on subscriptions (tenant_id, enrollment_id, state, id) where enrollment_id is not null and department_id is null;
create index accounts_enrollment_department on accounts (tenant_id, enrollment_id, department_id) where enrollment_id is not null;

-- An agreement's list narrowed to a state, and its accounts by name.
create index subscriptions_enrollment_state on subscriptions (tenant_id, enrollment_id, state, created_at, id) include (offer) where enrollment_id is not null;
create index accounts_enrollment_name on accounts (tenant_id, enrollment_id, name_key, id) where enrollment_id is not null;

-- Whose account a lot's balance belongs to, so that an account's credit is one walk too. A server of an older version leaves it out: such a lot is
-- found by its subscription, through the second index, which otherwise is empty.
alter table ledger_accounts add column account_id uuid check (account_id is null or kind = 'credit_lot');
do $$
declare tenant uuid;
begin
    for tenant in select id from identity.tenants loop
        perform set_config('app.tenant_id', tenant::text, true);
        update ledger_accounts b set account_id = s.account_id
        from credit_lots l join subscriptions s on s.tenant_id = l.tenant_id and s.id = l.subscription_id
        where b.tenant_id = tenant and b.kind = 'credit_lot' and l.tenant_id = tenant and l.id = b.owner_id;
    end loop;
    perform set_config('app.tenant_id', '', true);
end
$$;
alter table ledger_accounts add foreign key (tenant_id, account_id) references accounts (tenant_id, id) on delete restrict;
create index ledger_accounts_account on ledger_accounts (tenant_id, account_id) where account_id is not null;
create index ledger_accounts_unplaced on ledger_accounts (tenant_id, owner_id) where kind = 'credit_lot' and account_id is null;
