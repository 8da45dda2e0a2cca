-- M2, A14: what counts to departments adds up, line by line, to what was posted; each part belongs to the department of its interval, and the sums by
-- department and month are the sums of the parts.
select b.subscription_id, b.bill_month, b.product, b.meter, b.posted_minor, p.posted_minor as found from bill_lines b
join subscriptions s on s.id = b.subscription_id and s.enrollment_id is not null
left join (
    select subscription_id, bill_month, product, meter, sum(exact_amount) as exact_amount, sum(posted_minor) as posted_minor
    from department_lines group by 1, 2, 3, 4
) p using (subscription_id, bill_month, product, meter)
where p.posted_minor is distinct from b.posted_minor or p.exact_amount is distinct from b.exact_amount
union all
select l.subscription_id, l.bill_month, l.product, l.meter, l.posted_minor, null from department_lines l
join department_memberships m using (subscription_id, sequence)
where m.department_id is distinct from l.department_id or m.enrollment_id <> l.enrollment_id
union all
select null, coalesce(l.bill_month, d.bill_month), null, null, l.posted_minor, d.posted_minor from (
    select enrollment_id, department_id, bill_month, sum(posted_minor) as posted_minor from department_lines group by 1, 2, 3
) l full join department_spend d
    on d.enrollment_id = l.enrollment_id and d.bill_month = l.bill_month
    and coalesce(d.department_id, d.enrollment_id) = coalesce(l.department_id, l.enrollment_id)
where coalesce(l.posted_minor, 0) <> coalesce(d.posted_minor, 0)
