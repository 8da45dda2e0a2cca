-- A7: what moves a lot or a debt carries the subscription that it belongs to and a purpose that its billing history has a column for; so the months add up.
select t.id, t.purpose
from ledger_transfers t
join credit_lots l on l.tenant_id = t.tenant_id
    and (t.debit_kind = 'credit_lot' and l.id = t.debit_owner_id or t.credit_kind = 'credit_lot' and l.id = t.credit_owner_id)
where t.subscription_id is distinct from l.subscription_id
    or t.reverses_id is null and not (
        t.credit_kind = 'credit_lot' and t.purpose in ('payment', 'trial_grant', 'usage_refund')
        or t.debit_kind = 'credit_lot' and t.purpose in ('usage', 'forfeit'))
union all
select t.id, t.purpose
from ledger_transfers t
where (t.debit_kind = 'receivable' and t.subscription_id is distinct from t.debit_owner_id)
    or (t.credit_kind = 'receivable' and t.subscription_id is distinct from t.credit_owner_id)
