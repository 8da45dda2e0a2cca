-- catalogue
-- The app role owns nothing, bypasses nothing, and holds no right that ignores row security.
select r.rolname as object, 'a role attribute it must not have' as fault from pg_roles r
where r.rolname = 'bursar_app' and (r.rolsuper or r.rolbypassrls or r.rolcreatedb or r.rolcreaterole)
union all
select c.relname, 'owned by the app role' from pg_class c join pg_roles r on r.oid = c.relowner where r.rolname = 'bursar_app'
union all
select g.table_name, 'the app role holds ' || g.privilege_type from information_schema.role_table_grants g
where g.grantee in ('bursar_app', 'PUBLIC') and g.table_schema in ('public', 'identity', 'work')
    and (g.privilege_type in ('TRUNCATE', 'REFERENCES', 'TRIGGER') or g.privilege_type = 'UPDATE')
union all
select g.table_name, 'the app role may delete what must stay' from information_schema.role_table_grants g
where g.grantee in ('bursar_app', 'PUBLIC') and g.table_schema = 'public' and g.privilege_type = 'DELETE'
    and g.table_name not in ('usage_events', 'usage_records', 'audit_details', 'timers', 'idempotency_keys', 'role_assignments', 'notice_timers', 'departments',
        'operations', 'operation_items', 'webhook_deliveries', 'webhook_endpoints')
union all
select g.table_name || '.' || g.column_name, 'the app role may change what is append-only' from information_schema.role_column_grants g
where g.grantee in ('bursar_app', 'PUBLIC') and g.privilege_type = 'UPDATE' and g.table_schema = 'public'
    and g.table_name in ('ledger_transfers', 'audit_events', 'deletion_certificates', 'payments', 'usage_events')
