-- M3: every ledger account's balance is the sum of its credits less the sum of its debits.
select a.kind, a.owner_id, a.balance_minor, coalesce(t.total, 0) as transfers_minor
from ledger_accounts a
left join (
    select kind, owner_id, sum(amount_minor) as total
    from (
        select credit_kind as kind, credit_owner_id as owner_id, amount_minor from ledger_transfers
        union all
        select debit_kind, debit_owner_id, -amount_minor from ledger_transfers
    ) sides
    group by kind, owner_id
) t on t.kind = a.kind and t.owner_id = a.owner_id
where a.balance_minor <> coalesce(t.total, 0)
