-- A5: a payment that waits ends by a timer at the instant that its page names, and nothing else waits.
select i.id, i.status, i.expires_at, t.due_at
from payment_intents i
left join timers t on t.tenant_id = i.tenant_id and t.kind = 'payment_expiry' and t.subject_id = i.id
where (i.status = 'pending') <> (t.subject_id is not null) or i.status = 'pending' and t.due_at <> i.expires_at
