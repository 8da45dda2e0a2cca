-- M3, M6: a payment's debt part and credit part add up to it, in the ledger too.
select p.id, p.amount_minor, coalesce(sum(t.amount_minor), 0) as posted_minor
from payments p
left join ledger_transfers t on t.tenant_id = p.tenant_id and t.source_kind in ('payment', 'upgrade') and t.source_id = p.id
    and t.debit_kind = 'payments'
group by p.id, p.amount_minor, p.debt_paid_minor
having p.amount_minor <> coalesce(sum(t.amount_minor), 0)
    or p.debt_paid_minor <> coalesce(sum(t.amount_minor) filter (where t.purpose = 'debt_payment'), 0)
