-- Who administers an agreement reads every event of its accounts, and of no other's.
select e.tenant_id, e.id
from audit_events e
join accounts a on a.tenant_id = e.tenant_id and a.id = e.account_id
where e.enrollment_id is distinct from a.enrollment_id and e.account_id is not null;
