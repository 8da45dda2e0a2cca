-- Usage that came in after its day had been complete is flagged on the usage page. A partial index finds it: what is reported in time, which is nearly
-- everything, costs it nothing. A day is complete six hours of wall clock after its end; daylight saving may make that five, and the page looks closer.

create index usage_events_late on usage_events (tenant_id, subscription_id, occurred_at)
    where received_at - occurred_at >= interval '5 hours' and source not like 'import:%';
