import Billing
import FoundationEssentials
import Postgres
import Values

/// What a subscription has used that no bill shows yet: for the pages that say what is still to be paid before somebody ends it.
package enum UnbilledUsage {
    /// Two statements that join any unit that reads the subscription; `estimate` reads their rows.
    static func statements(_ id: SubscriptionID, _ tenant: TenantID) -> [SQL] {
        [
            """
            select bill_month, product, meter, exact_amount, posted_minor from bill_lines \
            where tenant_id = \(tenant) and subscription_id = \(id) order by bill_month, product, meter
            """,
            """
            select bill_month, product, meter, sum(cost) from usage_records \
            where tenant_id = \(tenant) and subscription_id = \(id) and settlement_id is null group by 1, 2, 3 order by 1, 2, 3
            """,
        ]
    }

    static func estimate(_ rows: ArraySlice<Rows>, of subscription: Subscription, at now: Instant) throws -> UnbilledEstimate {
        struct Key: Hashable {
            let month: CivilDate
            let product: String
            let meter: String
        }
        var waiting: [Key: ExactDecimal] = [:]
        for row in rows[rows.startIndex + 1] {
            var column = Columns(row)
            let key = Key(month: try column.next(), product: try column.next(), meter: try column.next())
            waiting[key] = try column.next()
        }
        var lines: [UnbilledEstimate.Line] = []
        for row in rows[rows.startIndex] {
            var column = Columns(row)
            let key = Key(month: try column.next(), product: try column.next(), meter: try column.next())
            lines.append(
                UnbilledEstimate.Line(
                    month: key.month.civilMonth, exact: try column.next(), posted: subscription.money(try column.next()),
                    waiting: waiting.removeValue(forKey: key) ?? .zero))
        }
        lines += waiting.map { key, cost in
            UnbilledEstimate.Line(
                month: key.month.civilMonth, exact: .zero, posted: .zero(subscription.currency), waiting: cost)
        }
        return try UnbilledEstimate(lines, currency: subscription.currency, at: now, in: subscription.zone)
    }

    /// The estimate of a subscription that was found already.
    package static func of(_ subscription: Subscription, _ context: TenantContext) async throws -> UnbilledEstimate {
        let (now, rows) = try await context.read(statements(subscription.id, context.tenant.id))
        return try estimate(rows[...], of: subscription, at: now)
    }
}
