-- B1: an accepted event is one usage record, and the other way round.
select e.source, e.event_id, r.id
from usage_events e
full join usage_records r on r.tenant_id = e.tenant_id and r.id = e.record_id
where e.event_id is null or r.id is null
