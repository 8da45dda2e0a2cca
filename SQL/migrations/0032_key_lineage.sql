-- A key that replaces another asks in its predecessor's name: what was done under an idempotency key stays done once, whichever of them asks again.
-- The first key of a line of rotations; null where that is the key itself.
alter table identity.api_keys add column root_id uuid;

with recursive line (id, root_id) as (
    select id, id from identity.api_keys where rotated_from is null
    union all
    select k.id, line.root_id from identity.api_keys k join line on k.rotated_from = line.id
)
update identity.api_keys k set root_id = line.root_id from line where k.id = line.id and k.rotated_from is not null;

-- What those keys have asked for under their own ID is found under the first one's from now on. Where both have used one idempotency key already, the
-- first one's stands; row security shows each inside its tenant only.
do $$
declare successor record;
begin
    for successor in select id, tenant_id, root_id from identity.api_keys where root_id is not null order by created_at, id loop
        perform set_config('app.tenant_id', successor.tenant_id::text, true);
        update idempotency_keys k set principal_id = successor.root_id
        where k.tenant_id = successor.tenant_id and k.principal_id = successor.id
          and not exists (select from idempotency_keys f where f.tenant_id = k.tenant_id and f.principal_id = successor.root_id and f.key = k.key);
        update payment_intents i set principal_id = successor.root_id
        where i.tenant_id = successor.tenant_id and i.principal_id = successor.id
          and not exists (select from payment_intents f
                          where f.tenant_id = i.tenant_id and f.principal_id = successor.root_id and f.command_key = i.command_key);
        update payments p set principal_id = successor.root_id
        where p.tenant_id = successor.tenant_id and p.principal_id = successor.id
          and exists (select from payment_intents i
                      where i.tenant_id = p.tenant_id and i.id = p.id and i.principal_id = successor.root_id);
    end loop;
    perform set_config('app.tenant_id', '', true);
end
$$;
