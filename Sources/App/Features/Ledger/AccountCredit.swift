import Postgres
import Values

/// What is left of all the credit that an account has bought.
enum AccountCredit {
    /// One row, one column: minor units. A lot that a server of an older version made does not name its account (0018_large_agreements.sql).
    static func sum(_ account: AccountID, _ tenant: TenantID) -> SQL {
        """
        select ((select coalesce(sum(b.balance_minor), 0) from ledger_accounts b where b.tenant_id = \(tenant) and b.account_id = \(account)) \
        + (select coalesce(sum(b.balance_minor), 0) from ledger_accounts b \
        cross join lateral (select s.account_id from credit_lots l join subscriptions s on s.tenant_id = l.tenant_id and s.id = l.subscription_id \
        where l.tenant_id = b.tenant_id and l.id = b.owner_id limit 1) o \
        where b.tenant_id = \(tenant) and b.kind = 'credit_lot' and b.account_id is null and o.account_id = \(account)))::bigint
        """
    }
}
