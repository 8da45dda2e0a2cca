-- A5: a payment that was asked for has succeeded exactly when money was taken under its ID, of the same amount, by the same way, for the same subscription.
select coalesce(i.id, p.id) as id, i.status, i.amount_minor, p.amount_minor as taken_minor
from payment_intents i
full join payments p on p.tenant_id = i.tenant_id and p.id = i.id
where i.id is null or (i.status = 'succeeded') <> (p.id is not null)
    or p.amount_minor <> i.amount_minor or p.method <> i.method or p.subscription_id <> i.subscription_id
