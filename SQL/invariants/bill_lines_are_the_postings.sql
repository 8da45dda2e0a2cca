-- Self-audit: lines = postings, per subscription.
with lines as (
    select subscription_id, sum(posted_minor) as minor from bill_lines group by subscription_id
), postings as (
    select subscription_id, sum(case when purpose in ('usage_refund', 'overage_refund') then -amount_minor else amount_minor end) as minor
    from ledger_transfers
    where source_kind = 'settlement'
    group by subscription_id
)
select coalesce(l.subscription_id, p.subscription_id) as subscription_id, l.minor as lines_minor, p.minor as posted_minor
from lines l full join postings p on p.subscription_id = l.subscription_id
where coalesce(l.minor, 0) <> coalesce(p.minor, 0)
