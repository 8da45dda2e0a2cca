"""Fills a tenant with subscriptions as the use cases would have left them: people, accounts, orders, payments, lots, ledger, history, timers.

By SQL, because a hundred thousand purchases through the API would take the better part of an hour; `bursar doctor` looks it over afterwards.
"""

MONEY = 100_000

# IDs count up, so that a script can make the n-th without looking it up: 16 digits say whose and what, the rest is n.
KINDS = ["user", "account", "order", "subscription", "payment", "lot", "entry", "transfer", "created", "activated", "audit", "outbox"]


def uuid_text(tenant_number, kind, n):
    head = f"0190{tenant_number:04x}00{KINDS.index(kind):02x}7000"
    digits = f"{head}8000{n:012x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def uuid_sql(tenant_number, kind, n):
    """The same as an expression over n."""
    head = uuid_text(tenant_number, kind, 0)[:-12]
    return f"('{head}' || lpad(to_hex({n}), 12, '0'))::uuid"


ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def type_id(prefix, uuid):
    value = int(uuid.replace("-", ""), 16)
    return prefix + "_" + "".join(ALPHABET[value >> shift & 31] for shift in range(125, -1, -5))


def subscription_id(tenant_number, n):
    return type_id("sub", uuid_text(tenant_number, "subscription", n))


def statements(slug, tenant_number, count, due=0, due_after="1 hour"):
    """SQL that fills the tenant. `due` of its lots expire `due_after` its clock's now, all others in half a year."""
    ids = {kind: uuid_sql(tenant_number, kind, "n") for kind in KINDS}
    account = uuid_sql(tenant_number, "account", "(n - 1) / 10 + 1")
    user = uuid_sql(tenant_number, "user", "(n - 1) / 10 + 1")
    accounts = (count + 9) // 10
    expiry = f"case when n <= {due} then c.clock + interval '{due_after}' + n * interval '1 second' else c.clock + interval '180 days' + n * interval '1 second' end"
    series = f"from bench_clock c, generate_series(1, {count}) n"
    both = "(values (0), (1)) v (second)"
    audit = uuid_sql(tenant_number, "audit", "n * 2 + v.second")
    outbox = uuid_sql(tenant_number, "outbox", "n * 2 + v.second")
    step = "case when v.second = 0 then 'subscription.created' else 'subscription.activated' end"
    return f"""
set session_replication_role = replica;
set work_mem = '256MB';
create temporary table bench_clock as
  select t.id as tenant, coalesce(k.now_at, now()) as clock, coalesce(k.now_at, now()) - interval '1 day' as bought
  from identity.tenants t left join test_clocks k on k.tenant_id = t.id where t.slug = '{slug}';
insert into users (tenant_id, id, email, first_name, last_name, created_at)
  select c.tenant, {ids['user']}, 'person' || n || '@{slug}.example.org', 'Wei', 'Chen', c.bought from bench_clock c, generate_series(1, {accounts}) n;
insert into accounts (tenant_id, id, kind, name, currency, time_zone, locale, identity_verified, administrator_id, created_at, updated_at)
  select c.tenant, {ids['account']}, 'standard', 'Customer ' || n, 'CNY', 'Asia/Shanghai', 'zh-Hans', true, {ids['user']},
         c.bought + n * interval '1 millisecond', c.bought from bench_clock c, generate_series(1, {accounts}) n;
insert into orders (tenant_id, id, account_id, subscription_id, kind, status, amount_minor, currency, created_at, completed_at)
  select c.tenant, {ids['order']}, {account}, {ids['subscription']}, 'purchase', 'completed', {MONEY}, 'CNY',
         c.bought + n * interval '1 millisecond', c.bought + n * interval '1 millisecond' {series};
insert into subscriptions (tenant_id, id, account_id, order_id, offer, policy_version, currency, state, name, service_administrator_id, purchased_at,
                           activated_at, version, created_at, updated_at)
  select c.tenant, {ids['subscription']}, {account}, {ids['order']}, 'prepaid', 1, 'CNY', 'active', 'Subscription ' || n, {user},
         c.bought + n * interval '1 millisecond', c.bought + n * interval '1 millisecond', 3, c.bought + n * interval '1 millisecond', c.bought {series};
insert into payments (tenant_id, id, account_id, subscription_id, order_id, amount_minor, debt_paid_minor, currency, method, principal_id, command_key, paid_at)
  select c.tenant, {ids['payment']}, {account}, {ids['subscription']}, {ids['order']}, {MONEY}, 0, 'CNY', 'sandbox', {user}, 'bench-' || n, c.bought {series};
insert into payment_intents (tenant_id, id, account_id, subscription_id, kind, method, status, amount_minor, currency, ended_at, principal_id, command_key,
                             created_at, recorded_at)
  select c.tenant, {ids['payment']}, {account}, {ids['subscription']}, 'first', 'sandbox', 'succeeded', {MONEY}, 'CNY', c.bought, {user}, 'bench-' || n, c.bought,
         c.bought {series};
insert into credit_lots (tenant_id, id, subscription_id, order_id, source, amount_minor, currency, effective_at, expires_at)
  select c.tenant, {ids['lot']}, {ids['subscription']}, {ids['order']}, 'payment', {MONEY}, 'CNY', c.bought, {expiry} {series};
insert into timers (tenant_id, kind, subject_id, subscription_id, due_at)
  select c.tenant, 'lot_expiry', {ids['lot']}, {ids['subscription']}, {expiry} {series};
insert into ledger_accounts (tenant_id, kind, owner_id, currency, balance_minor, account_id)
  select c.tenant, 'credit_lot', {ids['lot']}, 'CNY', {MONEY}, {account} {series};
insert into ledger_accounts (tenant_id, kind, owner_id, currency, balance_minor)
  select c.tenant, 'payments', {ids['account']}, 'CNY', -{MONEY}::bigint * least(10, {count} - (n - 1) * 10) from bench_clock c, generate_series(1, {accounts}) n;
insert into ledger_transfers (tenant_id, id, entry_id, account_id, subscription_id, debit_kind, debit_owner_id, credit_kind, credit_owner_id,
                              amount_minor, currency, purpose, source_kind, source_id, line, posted_at)
  select c.tenant, {ids['transfer']}, {ids['entry']}, {account}, {ids['subscription']}, 'payments', {account}, 'credit_lot', {ids['lot']}, {MONEY}, 'CNY',
         'payment', 'payment', {ids['payment']}, 0, c.bought {series};
insert into transition_events (tenant_id, id, subscription_id, sequence, at, type, rule, actor_kind, from_state, to_state)
  select c.tenant, {ids['created']}, {ids['subscription']}, 1, c.bought, 'subscription.created', 'L11', 'operator', null, 'pending' {series};
insert into transition_events (tenant_id, id, subscription_id, sequence, at, type, rule, actor_kind, from_state, to_state)
  select c.tenant, {ids['activated']}, {ids['subscription']}, 2, c.bought, 'subscription.activated', 'L11', 'operator', 'pending', 'active' {series};
insert into audit_events (tenant_id, id, at, action, actor_kind, object_kind, object_id, account_id, from_state, to_state, recorded_at)
  select c.tenant, {audit}, c.bought, {step}, 'operator', 'subscription', {ids['subscription']}, {account},
         case when v.second = 1 then 'pending' end, case when v.second = 1 then 'active' else 'pending' end, c.bought {series}, {both};
insert into outbox_events (tenant_id, id, type, object_kind, object_id, account_id, sequence, occurred_at, letters_at)
  select c.tenant, {outbox}, {step}, 'subscription', {ids['subscription']}, {account}, v.second + 1, c.bought, c.bought {series}, {both};
"""
