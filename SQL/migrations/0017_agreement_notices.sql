-- Notices about an agreement, which is no single account's: its term ends.

alter table notice_timers alter column account_id drop not null;
alter table notice_timers drop constraint notice_timers_kind_check;
alter table notice_timers add constraint notice_timers_kind_check
    check (kind in ('credit_expiring', 'deletion_countdown', 'balance_notice', 'term_ends'));
alter table notice_timers drop constraint notice_timers_check;
alter table notice_timers add constraint notice_timers_check
    check ((kind in ('balance_notice', 'term_ends')) = (subscription_id is null));
alter table notice_timers add constraint notice_timers_account_check check ((kind = 'term_ends') = (account_id is null));

-- Agreements that run already hear 60 and 30 days before their end, of the tenant's zone and clock; what is past is past.
do $$
declare tenant uuid;
begin
    for tenant in select id from identity.tenants loop
        perform set_config('app.tenant_id', tenant::text, true);
        insert into notice_timers (tenant_id, kind, subject_id, due_at)
        select e.tenant_id, 'term_ends', e.id, min(d.at)
        from enrollments e join identity.tenants t on t.id = e.tenant_id
        cross join lateral (select (e.ends_on - days)::timestamp at time zone t.time_zone as at from unnest(array[60, 30]) days) d
        where e.tenant_id = tenant
          and d.at > coalesce((select c.now_at from test_clocks c where c.tenant_id = e.tenant_id), now())
        group by e.tenant_id, e.id;
    end loop;
end
$$;
