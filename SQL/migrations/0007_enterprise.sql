-- The enterprise portal (A14): which department a subscription belongs to and since when, and what of its bill counts to which.

-- [from, to): null is "from its beginning" and "still". Usage counts to the department in whose interval its time lies, so a move is never retroactive.
create table department_memberships (
    tenant_id        uuid not null references identity.tenants (id) on delete restrict,
    subscription_id  uuid not null,
    sequence         bigint not null check (sequence >= 1),
    enrollment_id    uuid not null,
    -- Null: in no department.
    department_id    uuid,
    from_at          timestamptz,
    to_at            timestamptz,
    primary key (tenant_id, subscription_id, sequence),
    foreign key (tenant_id, subscription_id) references subscriptions (tenant_id, id) on delete restrict,
    foreign key (tenant_id, enrollment_id) references enrollments (tenant_id, id) on delete restrict,
    foreign key (tenant_id, enrollment_id, department_id) references departments (tenant_id, enrollment_id, id) on delete restrict,
    check ((sequence = 1) = (from_at is null)),
    check (from_at is null or to_at is null or to_at >= from_at)
);
create unique index department_memberships_open on department_memberships (tenant_id, subscription_id) where to_at is null;
create index department_memberships_department on department_memberships (tenant_id, department_id, subscription_id);

-- A bill line's parts by department: the line's amount up to the interval's end minus that up to its beginning, each rounded, so that the parts are the line (M2).
create table department_lines (
    tenant_id        uuid not null references identity.tenants (id) on delete restrict,
    subscription_id  uuid not null,
    bill_month       date not null,
    product          text not null,
    meter            text not null,
    sequence         bigint not null,
    enrollment_id    uuid not null,
    department_id    uuid,
    exact_amount     numeric not null,
    posted_minor     bigint not null,
    primary key (tenant_id, subscription_id, bill_month, product, meter, sequence),
    foreign key (tenant_id, subscription_id, bill_month, product, meter)
        references bill_lines (tenant_id, subscription_id, bill_month, product, meter) on delete restrict,
    foreign key (tenant_id, subscription_id, sequence)
        references department_memberships (tenant_id, subscription_id, sequence) on delete restrict
);

-- The same by department and month: what pages read, however many subscriptions an enrollment has. Changed under the enrollment's lock.
create table department_spend (
    tenant_id        uuid not null references identity.tenants (id) on delete restrict,
    enrollment_id    uuid not null,
    department_id    uuid,
    bill_month       date not null,
    posted_minor     bigint not null,
    unique nulls not distinct (tenant_id, enrollment_id, department_id, bill_month),
    foreign key (tenant_id, enrollment_id) references enrollments (tenant_id, id) on delete restrict,
    foreign key (tenant_id, enrollment_id, department_id) references departments (tenant_id, enrollment_id, id) on delete restrict
);

alter table departments add column version bigint not null default 1;
create index accounts_department on accounts (tenant_id, department_id) where department_id is not null;

do $$
declare t uuid;
begin
    for t in select id from identity.tenants loop
        perform set_config('app.tenant_id', t::text, true);
        insert into department_memberships (tenant_id, subscription_id, sequence, enrollment_id, department_id)
            select tenant_id, id, 1, enrollment_id, department_id from subscriptions where tenant_id = t and enrollment_id is not null;
        insert into department_lines
            (tenant_id, subscription_id, bill_month, product, meter, sequence, enrollment_id, department_id, exact_amount, posted_minor)
            select b.tenant_id, b.subscription_id, b.bill_month, b.product, b.meter, 1, s.enrollment_id, s.department_id, b.exact_amount, b.posted_minor
            from bill_lines b join subscriptions s on s.tenant_id = b.tenant_id and s.id = b.subscription_id
            where b.tenant_id = t and s.enrollment_id is not null;
        insert into department_spend (tenant_id, enrollment_id, department_id, bill_month, posted_minor)
            select tenant_id, enrollment_id, department_id, bill_month, sum(posted_minor) from department_lines where tenant_id = t group by 1, 2, 3, 4;
    end loop;
    perform set_config('app.tenant_id', '', true);
end
$$;

do $$
declare t text;
begin
    foreach t in array array['department_memberships', 'department_lines', 'department_spend'] loop
        execute format('alter table public.%I enable row level security', t);
        execute format('alter table public.%I force row level security', t);
        execute format('create policy one_tenant on public.%I as permissive for all to public '
            || 'using (tenant_id = (select nullif(current_setting(''app.tenant_id'', true), '''')::uuid)) '
            || 'with check (tenant_id = (select nullif(current_setting(''app.tenant_id'', true), '''')::uuid))', t);
    end loop;
end
$$;

grant select, insert on department_memberships, department_lines, department_spend to bursar_app;
grant update (to_at) on department_memberships to bursar_app;
grant update (exact_amount, posted_minor) on department_lines to bursar_app;
grant update (posted_minor) on department_spend to bursar_app;
grant update (name, cost_centre, quota_minor, version) on departments to bursar_app;
grant delete on departments to bursar_app;
grant update (department_id) on subscriptions, accounts to bursar_app;
