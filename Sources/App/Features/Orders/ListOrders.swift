import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

extension Order {
    /// The orders of the subscriptions that the principal may see, newest first.
    package static let list = ListDescription<Order>(
        name: "orders", endpoint: .listOrders,
        table: "orders o", idColumn: "o.id",
        id: { $0.id.uuid }, select: { "\(Order.select) where \($0)" }, decode: { rows, _ in try rows.map(Order.init) },
        visible: { Visibility.ofOrders(to: $0.principal, $0.tenant.id) },
        orders: [.newest("created_at", "o.created_at") { $0.createdAt }],
        filters: [
            ListFilter(
                "q", label: "list.search", .text(min: 1, max: 200), "An exact order ID or subscription ID.",
                .search(hint: "orders.search_hint")
            ) { text, _ in
                let q = text.trimmingBlankSpace()
                if let id = OrderID(q) { return "o.id = \(id)" }
                return SubscriptionID(q).map { "o.subscription_id = \($0)" }
            },
            ListFilter("status", label: "orders.status", .word(statuses), "", .words(statuses) { $1("orders.status_\($0)") }) {
                value, _ in "o.status = \(value)"
            },
            ListFilter("kind", label: "orders.kind", .word(kinds), "", .words(kinds) { $1("orders.kind_\($0)") }) { value, _ in
                "o.kind = \(value)"
            },
            ListFilter("account_id", label: "subscriptions.account", .id("acc")) { value, _ in
                "o.account_id = \(AccountID(value) ?? AccountID(.zero))"
            },
            ListFilter("subscription_id", label: "subscriptions.name", .id("sub")) { value, _ in
                "o.subscription_id = \(SubscriptionID(value) ?? SubscriptionID(.zero))"
            },
        ] + ListFilter.created("o.created_at"),
        columns: listColumns, write: { row, _, json in row.write(to: &json) })

    static let statuses = ["awaiting_payment", "completed", "cancelled"]
    static let kinds = ["purchase", "pay_again", "upgrade"]

    private static let listColumns: [ListColumn<Order>] = [
        ListColumn(
            "id", "orders.order", cell: { row, _ in span(.class("mono"), .id(row.id.description)) { row.id.description } },
            file: [FileColumn("id", "orders.order") { row, _ in .text(row.id.description) }]),
        ListColumn(
            "kind", "orders.kind", cell: { row, reader in .text(reader.t("orders.kind_\(row.kind)")) },
            file: [FileColumn("kind", "orders.kind", code: { $0.kind }, words: { $1.t("orders.kind_\($0.kind)") })]),
        ListColumn(
            "status", "orders.status", cell: { row, reader in .text(reader.t("orders.status_\(row.status)")) },
            file: [FileColumn("status", "orders.status", code: { $0.status }, words: { $1.t("orders.status_\($0.status)") })]),
        ListColumn(
            "subscription", "subscriptions.name",
            cell: { row, reader in
                a(.href(SubscriptionLinks(account: row.account, id: row.subscription).overview)) {
                    row.shownName(reader.t)
                }
            },
            file: [
                FileColumn("subscription_id", "orders.subscription_id") { row, _ in .text(row.subscription.description) },
                FileColumn("subscription", "subscriptions.name") { row, _ in .text(row.subscriptionName) },
            ]),
        ListColumn(
            "created_at", "orders.created", order: "created_at",
            cell: { row, reader in reader.t.timeElement(row.createdAt) },
            file: [FileColumn("created_at", "orders.created") { row, _ in .instant(row.createdAt) }]),
        ListColumn(
            "completed_at", "orders.completed", isShownFirst: false,
            cell: { row, reader in row.completedAt.map(reader.t.timeElement) ?? reader.t.nothing },
            file: [FileColumn("completed_at", "orders.completed") { row, _ in .instant(row.completedAt) }]),
        ListColumn(
            "amount", "orders.amount", isNumber: true, cell: { row, reader in reader.t.moneyElement(row.amount) },
            file: [
                FileColumn("amount", "orders.amount") { row, _ in .money(row.amount) },
                FileColumn("currency", "accounts.currency") { row, _ in .text(row.amount.currency.code) },
            ]),
    ]
}

package enum FindOrder {
    package static func byID(_ id: OrderID, _ context: TenantContext) async throws -> Order {
        let rows = try await context.read("\(Order.select) where o.tenant_id = \(context.tenant.id) and o.id = \(id)").rows
        guard let order = try rows.first.map(Order.init), !context.principal.roles(on: order.belonging).isEmpty else {
            throw Failure.notFound
        }
        return order
    }
}
