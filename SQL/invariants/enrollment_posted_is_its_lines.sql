-- M5: what is posted to an enrollment is what its subscriptions' lines say; the commitment pays first, the rest is overage.
select e.id, e.posted_minor, coalesce(l.minor, 0) as lines_minor, c.balance_minor as commitment_minor, o.balance_minor as overage_minor
from enrollments e
left join (
    select s.enrollment_id, sum(b.posted_minor) as minor
    from bill_lines b join subscriptions s on s.tenant_id = b.tenant_id and s.id = b.subscription_id
    group by s.enrollment_id
) l on l.enrollment_id = e.id
left join ledger_accounts c on c.tenant_id = e.tenant_id and c.kind = 'commitment' and c.owner_id = e.id
left join ledger_accounts o on o.tenant_id = e.tenant_id and o.kind = 'overage_receivable' and o.owner_id = e.id
where e.posted_minor <> coalesce(l.minor, 0)
    or coalesce(c.balance_minor, 0) <> e.commitment_minor - least(e.posted_minor, e.commitment_minor)
    or coalesce(-o.balance_minor, 0) <> greatest(e.posted_minor - e.commitment_minor, 0)
