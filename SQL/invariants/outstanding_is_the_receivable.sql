-- M6: what a subscription owes is what its receivable says.
select s.id, s.outstanding_minor, coalesce(a.balance_minor, 0) as receivable_minor
from subscriptions s
left join ledger_accounts a on a.tenant_id = s.tenant_id and a.kind = 'receivable' and a.owner_id = s.id
where s.outstanding_minor <> -coalesce(a.balance_minor, 0)
