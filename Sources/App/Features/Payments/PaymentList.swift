import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

extension ShownPayment {
    /// The payments of the accounts that the principal may see, newest first, whatever became of them.
    package static let list = ListDescription<ShownPayment>(
        name: "payments", endpoint: .listPayments,
        table: "payment_intents i join accounts a on a.tenant_id = i.tenant_id and a.id = i.account_id", idColumn: "i.id",
        id: { $0.intent.id.uuid }, select: { "\(ShownPayment.select) where \($0)" },
        decode: { rows, _ in try rows.map(ShownPayment.init) },
        visible: { Visibility.ofAccounts(to: $0.principal) },
        orders: [.newest("created_at", "i.created_at") { $0.intent.createdAt }],
        filters: [
            ListFilter(
                "q", label: "list.search", .text(min: 1, max: 200),
                "An exact payment ID, the reference of a bank transfer, or an exact subscription ID.",
                .search(hint: "payments.search_hint")
            ) { text, _ in
                let q = text.trimmingBlankSpace()
                if let id = PaymentID(q) { return "i.id = \(id)" }
                if let id = SubscriptionID(q) { return "i.subscription_id = \(id)" }
                return PaymentReference.find(in: q).map { "i.reference = \($0.text)" }
            },
            ListFilter(
                "status", label: "payments.status", .word(PaymentStatus.allCases.map(\.rawValue)), "",
                .words(PaymentStatus.allCases.map(\.rawValue)) { $1("payments.status_\($0)") }
            ) { value, _ in "i.status = \(value)" },
            ListFilter(
                "method", label: "payments.method", .word(PaymentMethod.allCases.map(\.rawValue)), "",
                .words(PaymentMethod.allCases.map(\.rawValue)) { $1("payments.method_\($0)") }
            ) { value, _ in "i.method = \(value)" },
            ListFilter(
                "from", label: "list.from", .format("date-time"), "Asked for at this instant or later.", .day(.first)
            ) { value, _ in "i.created_at >= \(Instant(rfc3339: value))" },
            ListFilter("to", label: "list.to", .format("date-time"), "Asked for before this instant.", .day(.last)) { value, _ in
                "i.created_at < \(Instant(rfc3339: value))"
            },
            ListFilter("account_id", label: "subscriptions.account", .id("acc")) { value, _ in
                "i.account_id = \(AccountID(value) ?? AccountID(.zero))"
            },
            ListFilter("subscription_id", label: "subscriptions.name", .id("sub")) { value, _ in
                "i.subscription_id = \(SubscriptionID(value) ?? SubscriptionID(.zero))"
            },
        ],
        columns: shownColumns + furtherColumns, write: { row, _, json in row.write(to: &json) })

    private static let shownColumns: [ListColumn<ShownPayment>] = [
        ListColumn(
            "created_at", "payments.asked_at", order: "created_at",
            cell: { row, reader in
                let intent = row.intent
                return group {
                    a(.class("row-link"), .href(PageRoute.payment.url(intent.account.description, intent.id.description))) {
                        reader.t.dateTime(intent.createdAt)
                    }
                    span(.class("sub mono")) { intent.reference?.grouped ?? intent.id.description }
                }
            },
            file: [
                FileColumn("id", "list.id") { row, _ in .text(row.intent.id.description) },
                FileColumn("reference", "payments.reference") { row, _ in .text(row.intent.reference?.text) },
                FileColumn("created_at", "payments.asked_at") { row, _ in .instant(row.intent.createdAt) },
            ]),
        ListColumn(
            "status", "payments.status", cell: { row, reader in reader.t.pill(row.intent).html },
            file: [
                FileColumn("status", "payments.status", code: { $0.intent.status.rawValue }, words: { $1.t.word($0.intent) })
            ]),
        ListColumn(
            "subscription", "payments.for",
            cell: { row, reader in
                a(.href(SubscriptionLinks(account: row.intent.account, id: row.intent.subscription).overview)) {
                    row.shownName(reader.t)
                }
            },
            file: [
                FileColumn("subscription_id", "orders.subscription_id") { row, _ in .text(row.intent.subscription.description) },
                FileColumn("subscription", "subscriptions.name") { row, _ in .text(row.subscriptionName) },
            ]),
        ListColumn(
            "method", "payments.method", cell: { row, reader in .text(reader.t.word(row.intent.method)) },
            file: [
                FileColumn(
                    "method", "payments.method", code: { $0.intent.method.rawValue }, words: { $1.t.word($0.intent.method) })
            ]),
        ListColumn(
            "amount", "payments.amount", isNumber: true,
            cell: { row, reader in
                group {
                    reader.t.moneyElement(row.intent.amount)
                    if row.intent.status == .pending, row.intent.received.isPositive {
                        span(.class("sub")) {
                            reader.t("payments.missing_amount", ["amount": reader.t.money(row.intent.missing)])
                        }
                    }
                    if row.parts.held.isPositive {
                        span(.class("sub")) { reader.t("payments.held_amount", ["amount": reader.t.money(row.parts.held)]) }
                    }
                }
            },
            file: [
                FileColumn("amount", "payments.amount") { row, _ in .money(row.intent.amount) },
                FileColumn("currency", "accounts.currency") { row, _ in .text(row.intent.amount.currency.code) },
            ]),
    ]

    /// For whoever asks for them.
    private static let furtherColumns: [ListColumn<ShownPayment>] = [
        ListColumn(
            "received", "payments.received", isNumber: true, isShownFirst: false,
            cell: { row, reader in reader.t.moneyElement(row.intent.received) },
            file: [FileColumn("received", "payments.received") { row, _ in .money(row.intent.received) }]),
        ListColumn(
            "held", "payments.held", isNumber: true, isShownFirst: false,
            cell: { row, reader in reader.t.moneyElement(row.parts.held) },
            file: [FileColumn("held", "payments.held") { row, _ in .money(row.parts.held) }]),
        ListColumn(
            "order", "orders.order", isShownFirst: false,
            cell: { row, reader in row.receipt.map { identifier($0.order.description) } ?? reader.t.nothing },
            file: [FileColumn("order_id", "orders.order") { row, _ in .text(row.receipt?.order.description) }]),
        ListColumn(
            "expires_at", "payments.expires_at", isShownFirst: false,
            cell: { row, reader in row.intent.expiresAt.map(reader.t.timeElement) ?? reader.t.nothing },
            file: [FileColumn("expires_at", "payments.expires_at") { row, _ in .instant(row.intent.expiresAt) }]),
        ListColumn(
            "ended_at", "payments.ended_at", isShownFirst: false,
            cell: { row, reader in row.intent.endedAt.map(reader.t.timeElement) ?? reader.t.nothing },
            file: [FileColumn("ended_at", "payments.ended_at") { row, _ in .instant(row.intent.endedAt) }]),
    ]
}
