-- Whose agreement a letter's account belongs to, written down with the letter (an account never changes it): what whoever runs an agreement of tens of
-- thousands of accounts finds among her notifications is read from its newest end.
alter table mails add column enrollment_id uuid;

do $$
declare tenant uuid;
begin
    for tenant in select id from identity.tenants loop
        perform set_config('app.tenant_id', tenant::text, true);
        update mails m set enrollment_id = a.enrollment_id from accounts a
        where m.tenant_id = tenant and a.tenant_id = tenant and a.id = m.account_id and a.enrollment_id is not null;
    end loop;
    perform set_config('app.tenant_id', '', true);
end
$$;

alter table mails add foreign key (tenant_id, enrollment_id) references enrollments (tenant_id, id) on delete restrict;
create index mails_enrollment on mails (tenant_id, enrollment_id, occurred_at, id) where enrollment_id is not null;
