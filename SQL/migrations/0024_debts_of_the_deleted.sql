-- What deleted subscriptions still owe (M6), for the whole tenant: few among however many, in the order in which lists show them.
create index subscriptions_owing_deleted_newest on subscriptions (tenant_id, created_at, id) where state = 'deleted' and outstanding_minor > 0;
