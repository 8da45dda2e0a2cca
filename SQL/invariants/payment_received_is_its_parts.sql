-- M3: what has arrived for a payment is the sum of its parts, all of it when it has succeeded and nothing when it has ended otherwise; until then it
-- stands in transit.
select i.id, i.status, i.received_minor, coalesce(p.parts_minor, 0) as parts_minor, coalesce(a.balance_minor, 0) as in_transit_minor
from payment_intents i
left join ledger_accounts a on a.tenant_id = i.tenant_id and a.kind = 'payment_in_transit' and a.owner_id = i.id
left join (
    select payment_id, sum(amount_minor) as parts_minor from remittance_allocations where released_at is null group by payment_id
) p on p.payment_id = i.id
where i.received_minor <> coalesce(p.parts_minor, 0)
    or coalesce(a.balance_minor, 0) <> (case when i.status = 'pending' then i.received_minor else 0 end)
    or i.method = 'bank_transfer' and i.status = 'succeeded' and i.received_minor <> i.amount_minor
