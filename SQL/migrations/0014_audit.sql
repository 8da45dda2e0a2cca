-- Whose agreement an event concerns, written down with the event: the log of an agreement is read from its newest end.

alter table audit_events add column enrollment_id uuid;

do $$
declare tenant uuid;
begin
    for tenant in select id from identity.tenants loop
        perform set_config('app.tenant_id', tenant::text, true);
        update audit_events e set enrollment_id = a.enrollment_id from accounts a
        where e.tenant_id = tenant and a.tenant_id = tenant and a.id = e.account_id and a.enrollment_id is not null;
        update audit_events e set enrollment_id = e.object_id where e.tenant_id = tenant and e.object_kind = 'enrollment';
        update audit_events e set enrollment_id = d.enrollment_id from departments d
        where e.tenant_id = tenant and d.tenant_id = tenant and d.id = e.object_id and e.object_kind = 'department';
    end loop;
end
$$;

create index audit_events_enrollment on audit_events (tenant_id, enrollment_id, at, id) where enrollment_id is not null;
