-- M6: what was written off of a subscription's debt is the one entry that says so, of the day that it says.
select s.id, s.written_off_minor, coalesce(t.amount_minor, 0) as posted_minor
from subscriptions s
left join (
    select credit_owner_id, sum(amount_minor) as amount_minor, min(posted_at) as posted_at, count(*) as entries
    from ledger_transfers where purpose = 'debt_written_off' and credit_kind = 'receivable' group by credit_owner_id
) t on t.credit_owner_id = s.id
where s.written_off_minor <> coalesce(t.amount_minor, 0) or s.written_off_at is distinct from t.posted_at or t.entries > 1
