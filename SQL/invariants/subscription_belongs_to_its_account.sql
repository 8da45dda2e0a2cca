-- An enterprise subscription's enrollment is its account's, its currency its account's, its order its own.
select s.id
from subscriptions s
join accounts a on a.tenant_id = s.tenant_id and a.id = s.account_id
join orders o on o.tenant_id = s.tenant_id and o.id = s.order_id
where s.enrollment_id is distinct from (case when s.offer = 'enterprise' then a.enrollment_id end)
    or s.currency <> a.currency or o.subscription_id <> s.id or o.account_id <> s.account_id
