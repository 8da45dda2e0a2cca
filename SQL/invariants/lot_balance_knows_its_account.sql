-- M3: the credit of an account is the balances that name it: each names the account of its lot's subscription.
select b.owner_id as lot_id, b.account_id, s.account_id as subscription_account_id
from ledger_accounts b
join credit_lots l on l.tenant_id = b.tenant_id and l.id = b.owner_id
join subscriptions s on s.tenant_id = l.tenant_id and s.id = l.subscription_id
where b.kind = 'credit_lot' and b.account_id <> s.account_id
