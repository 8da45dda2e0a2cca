-- M6a: a bill line's exact amount is the sum of the settled usage under it; nothing settled stands outside a line.
with usage as (
    select r.subscription_id, r.bill_month, r.product, r.meter, sum(r.cost) as cost, sum(r.quantity) as quantity
    from usage_records r
    where r.settlement_id is not null
    group by r.subscription_id, r.bill_month, r.product, r.meter
)
select s.id, b.bill_month, coalesce(b.product, u.product) as product, b.exact_amount, u.cost
from bill_lines b
full join usage u on u.subscription_id = b.subscription_id and u.bill_month = b.bill_month and u.product = b.product and u.meter = b.meter
join subscriptions s on s.id = coalesce(b.subscription_id, u.subscription_id)
where s.state <> 'deleted' and (coalesce(b.exact_amount, 0) <> coalesce(u.cost, 0) or coalesce(b.quantity, 0) <> coalesce(u.quantity, 0)
    or b.subscription_id is null)
