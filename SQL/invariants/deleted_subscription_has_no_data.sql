-- L3: at deletion the customer's data goes for good, and a certificate says so.
select s.id, 'usage_events' as left_behind from subscriptions s join usage_events e on e.tenant_id = s.tenant_id and e.subscription_id = s.id where s.state = 'deleted'
union all
select s.id, 'usage_records' from subscriptions s join usage_records r on r.tenant_id = s.tenant_id and r.subscription_id = s.id where s.state = 'deleted'
union all
select s.id, 'audit_details' from subscriptions s join audit_details d on d.tenant_id = s.tenant_id and d.object_id = s.id where s.state = 'deleted'
union all
select s.id, 'notes' from subscriptions s join transition_events t on t.tenant_id = s.tenant_id and t.subscription_id = s.id where s.state = 'deleted' and t.note is not null
union all
select s.id, 'stored answers' from subscriptions s join idempotency_keys k on k.tenant_id = s.tenant_id and k.object_id = s.id where s.state = 'deleted' and k.response_body is not null
union all
select s.id, 'timers' from subscriptions s join timers t on t.tenant_id = s.tenant_id and t.subscription_id = s.id where s.state = 'deleted'
union all
select s.id, 'mails' from subscriptions s join mails m on m.tenant_id = s.tenant_id and m.subscription_id = s.id where s.state = 'deleted' and m.erased_at is null
union all
select s.id, 'notice timers' from subscriptions s join notice_timers n on n.tenant_id = s.tenant_id and n.subscription_id = s.id where s.state = 'deleted'
union all
select s.id, 'no certificate' from subscriptions s left join deletion_certificates c on c.tenant_id = s.tenant_id and c.subscription_id = s.id where s.state = 'deleted' and c.id is null
union all
select s.id, 'an open line' from subscriptions s join bill_lines b on b.tenant_id = s.tenant_id and b.subscription_id = s.id where s.state = 'deleted' and b.fixed_at is null
union all
select s.id, 'words on a bank transfer' from subscriptions s join payment_intents i on i.tenant_id = s.tenant_id and i.subscription_id = s.id
join remittance_allocations a on a.tenant_id = i.tenant_id and a.payment_id = i.id and a.released_at is null
join remittances r on r.tenant_id = a.tenant_id and r.id = a.remittance_id and r.unallocated_minor = 0 and (r.payer is not null or r.words is not null)
where s.state = 'deleted'
