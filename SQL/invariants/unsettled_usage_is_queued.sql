-- M6a: accepted usage that is not settled yet waits in the queue; none is forgotten.
select distinct r.subscription_id
from usage_records r
left join work.settlement_queue q on q.tenant_id = r.tenant_id and q.subscription_id = r.subscription_id
where r.settlement_id is null and q.subscription_id is null
