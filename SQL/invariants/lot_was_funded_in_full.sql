-- M6: what was put into a lot is its amount, and an expired lot holds nothing.
select l.id, l.amount_minor, coalesce(sum(t.amount_minor), 0) as funded_minor
from credit_lots l
left join ledger_transfers t on t.tenant_id = l.tenant_id and t.credit_kind = 'credit_lot' and t.credit_owner_id = l.id
    and t.purpose in ('payment', 'trial_grant')
group by l.id, l.amount_minor
having l.amount_minor <> coalesce(sum(t.amount_minor), 0)
union all
select l.id, l.amount_minor, a.balance_minor
from credit_lots l
join ledger_accounts a on a.tenant_id = l.tenant_id and a.kind = 'credit_lot' and a.owner_id = l.id
where l.expired_at is not null and a.balance_minor <> 0
