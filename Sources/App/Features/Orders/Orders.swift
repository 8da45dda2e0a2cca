import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// One purchase, renewal or upgrade.
package struct Order: Sendable {
    package let id: OrderID
    package let account: AccountID
    package let subscription: SubscriptionID
    package let kind: String
    package let status: String
    package let amount: Money
    package let createdAt: Instant
    package let completedAt: Instant?
    /// Nil once its data is gone.
    package let subscriptionName: String?
    let belonging: Belonging

    static let select: SQL = """
        select o.id, o.account_id, o.subscription_id, o.kind, o.status, o.currency, o.amount_minor, o.created_at, o.completed_at, \
        a.administrator_id, s.enrollment_id, s.service_administrator_id, s.name from orders o \
        join accounts a on a.tenant_id = o.tenant_id and a.id = o.account_id \
        join subscriptions s on s.tenant_id = o.tenant_id and s.id = o.subscription_id
        """

    init(_ row: Row) throws {
        var column = Columns(row)
        id = try column.next()
        account = try column.next()
        subscription = try column.next()
        kind = try column.next()
        status = try column.next()
        let currency: Currency = try column.next()
        amount = Money(minor: try column.next(), currency: currency)
        createdAt = try column.next()
        completedAt = try column.next()
        belonging = Belonging(
            account: account, accountAdministrator: try column.next(), enrollment: try column.next(),
            serviceAdministrator: try column.next())
        subscriptionName = try column.next()
    }

    func write(to json: inout JSONWriter) {
        json.object {
            $0.field("id", id)
            $0.field("object", "order")
            $0.field("account_id", account)
            $0.field("subscription_id", subscription)
            $0.field("kind", kind)
            $0.field("status", status)
            $0.field("amount", amount)
            $0.field("created_at", createdAt)
            $0.field("completed_at", completedAt)
        }
    }
}
