-- Accounts are found by how their administrator's e-mail address or name begins.
--
-- A person's name in both its orders, in small letters and compared byte by byte, as the keys of 0009_lists.sql are: as it is shown (`Person.name`: the
-- family's first where both parts are Han), and turned round. What begins with her first or with her last name begins one of the two.
alter table users
    add column name_key text collate "C" not null generated always as (lower(
        case when first_name ~ '[\u4E00-\u9FFF]' and last_name ~ '[\u4E00-\u9FFF]' then last_name || first_name
        else btrim(first_name || ' ' || last_name) end)) stored,
    add column turned_key text collate "C" not null generated always as (lower(
        case when first_name ~ '[\u4E00-\u9FFF]' and last_name ~ '[\u4E00-\u9FFF]' then first_name || last_name
        else btrim(last_name || ' ' || first_name) end)) stored;

create index users_name on users (tenant_id, name_key, id);
create index users_turned on users (tenant_id, turned_key, id);
create index users_email on users (tenant_id, email collate "C", id);
