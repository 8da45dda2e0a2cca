-- A14: a subscription of an enrollment is in exactly one department, or in none, at every instant: its intervals follow each other without gap or overlap,
-- and the one that is open is the subscription's own department.
with steps as (
    select subscription_id, sequence, enrollment_id, department_id, from_at, to_at,
        lag(to_at) over (partition by subscription_id order by sequence) as ended_at,
        lag(sequence) over (partition by subscription_id order by sequence) as before_sequence,
        row_number() over (partition by subscription_id order by sequence desc) as from_end
    from department_memberships
)
select s.id as subscription_id, 'the open interval is not its department' as fault from subscriptions s
left join steps m on m.subscription_id = s.id and m.from_end = 1
where s.enrollment_id is not null
    and (m.subscription_id is null or m.to_at is not null or m.department_id is distinct from s.department_id or m.enrollment_id <> s.enrollment_id)
union all
select subscription_id, 'the intervals overlap or leave a gap' from steps
where from_end > 1 and to_at is null or sequence <> coalesce(before_sequence, 0) + 1 or ended_at is distinct from from_at
