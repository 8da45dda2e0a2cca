import Billing
import FoundationEssentials
import Postgres
import Values

/// One order with what came of it: the answer to "I paid but see nothing".
struct OrderDesk: Sendable {
    struct Payment: Sendable {
        let id: PaymentID
        let amount: Money
        let debtPaid: Money
        let method: String
        let paidAt: Instant
    }

    let now: Instant
    let order: Order
    let subscription: Subscription
    let payments: [Payment]
    /// The credit that it bought, as far as it bought any.
    let lots: [Subscription.Lot]

    static func load(_ id: OrderID, _ context: TenantContext) async throws -> OrderDesk {
        guard context.principal.isOperator else { throw Failure.notFound }
        let order = try await FindOrder.byID(id, context)
        let (subscription, _, now, rows) = try await FindSubscription.byID(
            order.subscription, context,
            also: [
                """
                select id, amount_minor, debt_paid_minor, currency, method, paid_at from payments \
                where tenant_id = \(context.tenant.id) and order_id = \(id) order by paid_at, id limit 100
                """
            ])
        let payments = try rows[0].map { row in
            let currency: Currency = try row.get(3)
            return Payment(
                id: try row.get(0), amount: Money(minor: try row.get(1), currency: currency),
                debtPaid: Money(minor: try row.get(2), currency: currency), method: try row.get(4), paidAt: try row.get(5))
        }
        return OrderDesk(
            now: now, order: order, subscription: subscription, payments: payments,
            lots: subscription.lots.filter { $0.orderID == id })
    }
}
