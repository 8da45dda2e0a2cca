-- catalogue
-- Every tenant table has row-level security enabled and forced, one policy for everything with both its halves, and tenant_id first.
with tenant_tables as (
    select c.oid, c.relname, c.relrowsecurity, c.relforcerowsecurity
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind in ('r', 'p') and c.relname <> 'bursar_migrations'
)
select t.relname, 'row security is not enabled and forced' as fault from tenant_tables t where not (t.relrowsecurity and t.relforcerowsecurity)
union all
select t.relname, 'no policy for all with both halves' from tenant_tables t
where not exists (select from pg_policy p where p.polrelid = t.oid and p.polcmd = '*' and p.polqual is not null and p.polwithcheck is not null)
union all
select t.relname, 'a policy beyond the one' from tenant_tables t where (select count(*) from pg_policy p where p.polrelid = t.oid) <> 1
union all
select t.relname, 'tenant_id is not its first column, not null' from tenant_tables t
where not exists (select from pg_attribute a where a.attrelid = t.oid and a.attnum = 1 and a.attname = 'tenant_id' and a.attnotnull)
union all
select t.relname, 'an index does not begin with tenant_id: ' || i.indexrelid::regclass::text
from tenant_tables t join pg_index i on i.indrelid = t.oid where i.indkey[0] <> 1
union all
select c.relname, 'a materialised view over tenant data' from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'm' and n.nspname in ('public', 'work', 'identity')
union all
select c.relname, 'a view that is not security_invoker' from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'v' and n.nspname in ('public', 'work', 'identity') and not coalesce(c.reloptions @> array['security_invoker=true'], false)
union all
select p.proname, 'a definer function' from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where p.prosecdef and n.nspname in ('public', 'work', 'identity')
