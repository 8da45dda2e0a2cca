-- L4: a suspension interval is open exactly while the subscription is suspended.
select s.id, s.state, i.suspended_at
from subscriptions s
left join suspension_intervals i on i.tenant_id = s.tenant_id and i.subscription_id = s.id and i.reactivated_at is null
where (s.state = 'suspended') <> (i.subscription_id is not null) and s.state <> 'deleted'
    or (s.state = 'suspended' and i.suspended_at <> s.suspended_at)
