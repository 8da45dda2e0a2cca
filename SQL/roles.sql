-- The two roles of architecture section 4. Run once by a superuser before the first migration
-- (the private cluster does it by itself; passwords are set by whoever runs the database).
do $$
begin
    if not exists (select from pg_roles where rolname = 'bursar_owner') then
        create role bursar_owner login nosuperuser nobypassrls nocreatedb nocreaterole;
    end if;
    if not exists (select from pg_roles where rolname = 'bursar_app') then
        create role bursar_app login nosuperuser nobypassrls nocreatedb nocreaterole;
    end if;
end
$$;
