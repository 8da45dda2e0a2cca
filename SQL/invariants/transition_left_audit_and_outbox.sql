-- L9: every transition wrote its audit event and its outgoing event in the same transaction.
select t.id, t.type
from transition_events t
left join audit_events a on a.tenant_id = t.tenant_id and a.object_id = t.subscription_id and a.action = t.type and a.at = t.at
left join outbox_events o on o.tenant_id = t.tenant_id and o.object_id = t.subscription_id and o.sequence = t.sequence and o.type = t.type
where a.id is null or o.id is null
