-- L2: a suspended subscription has exactly its deadline as a timer, any other has none; a pending one has its lapse.
select s.id, s.state, s.delete_at, t.due_at
from subscriptions s
left join timers t on t.tenant_id = s.tenant_id and t.kind = 'subscription_deletion' and t.subject_id = s.id
where (s.state = 'suspended') <> (t.subject_id is not null) or (s.state = 'suspended' and t.due_at <> s.delete_at)
union all
select s.id, s.state, s.lapse_at, t.due_at
from subscriptions s
left join timers t on t.tenant_id = s.tenant_id and t.kind = 'pending_lapse' and t.subject_id = s.id
where (s.state = 'pending') <> (t.subject_id is not null) or (s.state = 'pending' and t.due_at <> s.lapse_at)
