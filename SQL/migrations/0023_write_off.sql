-- What a deleted subscription still owes can be written off (M6): an entry of its own kind, and what it came to beside what is owed.
create or replace function pg_temp.allow_words(of_table text, of_column text, constraint_name text, more text[]) returns void language plpgsql as $$
declare words text[];
begin
    select array_agg(distinct m[1]) into words
    from regexp_matches((select pg_get_constraintdef(oid) from pg_constraint where conrelid = of_table::regclass and conname = constraint_name),
                        '''([a-z_]+)''', 'g') as m;
    select array_agg(word order by word) into words from (select unnest(words || more) as word group by 1) w;
    execute format('alter table %s drop constraint %I', of_table, constraint_name);
    execute format('alter table %s add constraint %I check (%I in (%s))', of_table, constraint_name, of_column,
                   (select string_agg(quote_literal(word), ', ') from unnest(words) word));
end
$$;
select pg_temp.allow_words('ledger_accounts', 'kind', 'ledger_accounts_kind_check', array['written_off']);
select pg_temp.allow_words('ledger_transfers', 'purpose', 'ledger_transfers_purpose_check', array['debt_written_off']);
select pg_temp.allow_words('ledger_transfers', 'source_kind', 'ledger_transfers_source_kind_check', array['write_off']);

alter table subscriptions add column written_off_minor bigint not null default 0 check (written_off_minor >= 0);
alter table subscriptions add column written_off_at timestamptz;
-- The whole debt of a deleted subscription, once.
alter table subscriptions add constraint subscriptions_written_off_check check (
    (written_off_minor > 0) = (written_off_at is not null)
    and (written_off_minor = 0 or state = 'deleted' and outstanding_minor = 0));
grant update (written_off_minor, written_off_at) on subscriptions to bursar_app;

-- The debts of an account's deleted subscriptions are few, however many subscriptions it had.
create index subscriptions_owing_deleted on subscriptions (tenant_id, account_id, deleted_at, id) where state = 'deleted' and outstanding_minor > 0;
create index subscriptions_written_off on subscriptions (tenant_id, account_id) include (written_off_minor) where written_off_minor > 0;

-- A caller's own name of a request says nothing about when it came, as ours does: it is looked up. Ours are not kept here twice.
create index audit_events_foreign_request on audit_events (tenant_id, request_id, at, id)
    where not (request_id like 'req\_%' and length(request_id) = 30);
