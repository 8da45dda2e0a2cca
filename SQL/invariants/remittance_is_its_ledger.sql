-- M3: what has arrived is what went to payments, what went back and what is still held, in the ledger too.
select r.id, r.amount_minor, r.unallocated_minor, r.returned_minor, a.balance_minor, coalesce(p.allocated_minor, 0) as allocated_minor
from remittances r
left join ledger_accounts a on a.tenant_id = r.tenant_id and a.kind = 'unallocated_remittance' and a.owner_id = r.id
left join (
    select remittance_id, sum(amount_minor) as allocated_minor from remittance_allocations where released_at is null group by remittance_id
) p on p.remittance_id = r.id
where r.unallocated_minor <> coalesce(a.balance_minor, 0)
    or r.amount_minor <> r.unallocated_minor + r.returned_minor + coalesce(p.allocated_minor, 0)
