"""Makes of a tenant full of equal subscriptions one like a provider's: an account with fifty, one with ten thousand, an agreement with a hundred
thousand in departments, some suspended, some gone, some persons with Chinese names, and usage to look at. Runs after `population.statements`."""

from population import uuid_sql, uuid_text


def statements(slug, tenant_number, count):
    def subscription(n):
        return f"'{uuid_text(tenant_number, 'subscription', n)}'::uuid"

    def account(n):
        return f"'{uuid_text(tenant_number, 'account', n)}'::uuid"

    def between(first, last, column="s.id"):
        return f"{column} between {subscription(first)} and {subscription(last)}"
    few, many = (1, min(50, count)), (1_001, min(11_000, count))
    enterprise = (20_001, min(120_000, count))
    firsts = ((enterprise[0] - 1) // 10 + 1, (enterprise[1] - 1) // 10 + 1)
    everybody = f"between {account(firsts[0])} and {account(firsts[1])}"
    nth = "('x' || right(replace(s.id::text, '-', ''), 7))::bit(28)::int"
    enrollment = "'01900000-0000-7000-8000-0000000000e1'::uuid"
    administrator = "'01900000-0000-7000-8000-0000000000e2'::uuid"
    department = "('01900000-0000-7000-8000-0000000001' || lpad(to_hex({n}), 2, '0'))::uuid"
    owner = {"few": account(1), "many": account(2)}
    user = {"few": uuid_sql(tenant_number, "user", "1"), "many": uuid_sql(tenant_number, "user", "2")}
    moves = ""
    for name, (first, last) in (("few", few), ("many", many)):
        moves += f"""
update subscriptions s set account_id = {owner[name]}, service_administrator_id = {user[name]} where {between(first, last)};
update orders o set account_id = {owner[name]} where {between(first, last, 'o.subscription_id')};
update ledger_accounts b set account_id = {owner[name]} from credit_lots l where b.kind = 'credit_lot' and b.owner_id = l.id and {between(first, last, 'l.subscription_id')};
"""
    nth_person = nth.replace("s.id", "u.id")
    return f"""
set session_replication_role = replica;
set work_mem = '256MB';
{moves}
update users u set last_name = case when {nth_person} % 3 = 0 then '王' else '陈' end, first_name = '伟' where {nth_person} % 10 = 9;
create temporary table crowd as select id as tenant from identity.tenants where slug = '{slug}';
insert into users (tenant_id, id, email, first_name, last_name, created_at)
  select tenant, {administrator}, 'enterprise@{slug}.example.org', 'Ada', 'Berg', now() from crowd;
insert into enrollments (tenant_id, id, number, name, currency, commitment_minor, starts_on, ends_on, created_at)
  select tenant, {enrollment}, 'EA-1', 'Northern Rail', 'CNY', 500000000, current_date - 200, current_date + 900, now() from crowd;
insert into departments (tenant_id, id, enrollment_id, name, cost_centre, created_at)
  select tenant, {department.format(n='n')}, {enrollment}, 'Department ' || n, 'CC-' || n, now() from crowd, generate_series(1, 20) n;
insert into ledger_accounts (tenant_id, kind, owner_id, currency, balance_minor)
  select tenant, 'commitment', {enrollment}, 'CNY', 500000000 from crowd;
insert into role_assignments (tenant_id, id, user_id, role, enrollment_id, created_at)
  select tenant, gen_random_uuid(), {administrator}, 'enterprise_admin', {enrollment}, now() from crowd;
update accounts a set kind = 'enterprise', enrollment_id = {enrollment}, department_id = {department.format(n="1 + get_byte(uuid_send(a.id), 15) % 20")}
  where a.id {everybody};
update subscriptions s set offer = 'enterprise', enrollment_id = {enrollment}, department_id = {department.format(n="1 + get_byte(uuid_send(s.account_id), 15) % 20")}
  where {between(*enterprise)};
update audit_events e set enrollment_id = {enrollment} where e.account_id {everybody};
delete from credit_lots s where {between(*enterprise, 's.subscription_id')};
update subscriptions s set state = 'suspended', suspension_reasons = '{{requested}}', suspended_at = now() - interval '3 days', delete_at = now() + ({nth} % 80 + 1) * interval '1 day'
  where {nth} % 50 = 7;
update subscriptions s set state = 'deleted', deleted_at = now() - interval '1 day', name = null, service_administrator_id = null
  where {nth} % 50 = 13;
update subscriptions s set offer = 'trial', was_trial = false where {nth} % 100 = 3 and s.offer = 'prepaid';
insert into usage_records (tenant_id, id, subscription_id, product, meter, occurred_at, bill_month, quantity, unit, cost, currency, settlement_id)
  select c.tenant, gen_random_uuid(), s.id, (array['Compute', 'Storage', 'Traffic', 'Database', 'Functions'])[1 + h % 5], 'cost', now() - h * interval '2 hours',
         date_trunc('month', now())::date, 1.5, 'hour', 0.37, 'CNY', gen_random_uuid()
  from crowd c, subscriptions s, generate_series(1, 132) h where {nth} in (1, 11, 1500, 20001, 30000) or {nth} between 40000 and 42000;
"""
