-- A membership has a version: every change raises it, and the sequence of a member's event is what it came to. Events told so far counted otherwise;
-- the next ones come after them.
alter table invitations add column version bigint not null default 1 check (version > 0);
alter table role_assignments add column version bigint not null default 1 check (version > 0);
grant update (version) on invitations, role_assignments to bursar_app;

do $$
declare tenant uuid;
begin
    for tenant in select id from identity.tenants loop
        perform set_config('app.tenant_id', tenant::text, true);
        update invitations v set version = t.told from (
            select i.id, (select max(e.sequence) from outbox_events e where e.tenant_id = tenant and e.object_id = i.id and e.object_kind = 'member') as told
            from invitations i where i.tenant_id = tenant) t
        where v.tenant_id = tenant and v.id = t.id and t.told > 1;
        update role_assignments r set version = t.told from (
            select a.id, (select max(e.sequence) from outbox_events e where e.tenant_id = tenant and e.object_id = a.id and e.object_kind = 'member') as told
            from role_assignments a where a.tenant_id = tenant) t
        where r.tenant_id = tenant and r.id = t.id and t.told > 1;
    end loop;
end
$$;

-- The transaction that told of an event. Whoever reads events in their order reads them in this one, up to the oldest transaction that is still under
-- way: what commits late comes late, and never behind a place that was read already. Events from before count as the first, by a
-- constant that costs no rewriting; never null, because behind row security no index answers for `coalesce`.
alter table outbox_events add column xact xid8 not null default '0';
alter table outbox_events alter column xact set default pg_current_xact_id();
create index outbox_events_commits on outbox_events (tenant_id, xact, id);
create index outbox_events_account_commits on outbox_events (tenant_id, account_id, xact, id);
