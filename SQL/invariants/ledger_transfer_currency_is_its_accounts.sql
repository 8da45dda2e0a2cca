-- M1: a transfer never joins two currencies.
select t.id
from ledger_transfers t
join ledger_accounts d on d.tenant_id = t.tenant_id and d.kind = t.debit_kind and d.owner_id = t.debit_owner_id
join ledger_accounts c on c.tenant_id = t.tenant_id and c.kind = t.credit_kind and c.owner_id = t.credit_owner_id
where t.currency <> d.currency or t.currency <> c.currency
