-- What pages of accounts and agreements with tens of thousands of subscriptions read by index alone.

-- How many of an account's subscriptions are in each state, and who serves them.
drop index subscriptions_account_state;
create index subscriptions_account_state on subscriptions (tenant_id, account_id, state, created_at, id) include (service_administrator_id);
-- What they owe: few of many do.
create index subscriptions_owing on subscriptions (tenant_id, account_id) include (outstanding_minor) where outstanding_minor > 0;

-- How many stand in each department, without the deleted ones. Rows of one department have one key, which an index keeps once for all of them: a
-- twentieth of the size that it has with each row's own ID, and counted in half the time.
drop index subscriptions_enrollment_department;
create index subscriptions_enrollment_department on subscriptions (tenant_id, enrollment_id, department_id)
    where enrollment_id is not null and state <> 'deleted';
