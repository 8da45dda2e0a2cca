-- M6: a lot that has not expired has its expiry as a timer, unless its subscription is deleted.
select l.id, l.expires_at, t.due_at
from credit_lots l
join subscriptions s on s.tenant_id = l.tenant_id and s.id = l.subscription_id
left join timers t on t.tenant_id = l.tenant_id and t.kind = 'lot_expiry' and t.subject_id = l.id
where (l.expired_at is null and s.state <> 'deleted') <> (t.subject_id is not null) or (t.subject_id is not null and t.due_at <> l.expires_at)
