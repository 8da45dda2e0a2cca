import Billing
import HTML
import Values

/// Payments of one account, as asked for.
package struct PaymentListPage: Page {
    package struct Row: Sendable {
        package let payment: ShownPayment
        package let url: URLPath
        package let subscription: NavigationItem

        package init(payment: ShownPayment, url: URLPath, subscription: NavigationItem) {
            self.payment = payment
            self.url = url
            self.subscription = subscription
        }
    }

    package var accountName: String
    package var filters: FilterBar
    package var createdSort: TableColumn.Sort?
    package var rows: [Row]
    package var pager: Pager

    package init(accountName: String, filters: FilterBar, rows: [Row], pager: Pager) {
        self.accountName = accountName
        self.filters = filters
        self.rows = rows
        self.pager = pager
    }

    package func title(_ t: Localiser) -> String { t("payments.title") }

    package func content(_ t: Localiser) -> HTML {
        group {
            PageHeading(t("payments.title"), lede: .text(t("payments.lede", ["account": accountName]))).html
            filters.html(t)
            if rows.isEmpty {
                empty(t).html(t)
            } else {
                table(t).html
                pager.html(t)
            }
        }
    }

    private func empty(_ t: Localiser) -> EmptyState {
        filters.chips.isEmpty
            ? .neverHad(title: t("payments.empty_title"), text: t("payments.empty_text"), action: nil)
            : .filteredOut(title: t("payments.filtered_title"), clear: filters.action)
    }

    private func table(_ t: Localiser) -> DataTable {
        DataTable(
            t("payments.title"),
            columns: [
                TableColumn(t("payments.asked_at"), sort: createdSort), TableColumn(t("payments.status")),
                TableColumn(t("payments.for")), TableColumn(t("payments.method")),
                TableColumn(t("payments.amount"), isNumber: true),
            ],
            rows: rows.map { TableRow(cells($0, t)) })
    }

    private func cells(_ row: Row, _ t: Localiser) -> [HTML] {
        let intent = row.payment.intent
        return [
            group {
                a(.class("row-link"), .href(row.url)) { t.dateTime(intent.createdAt) }
                span(.class("sub mono")) { intent.reference?.grouped ?? intent.id.description }
            },
            t.pill(intent.status).html, a(.href(row.subscription.url)) { row.subscription.label }, .text(t.word(intent.method)),
            group {
                t.moneyElement(intent.amount)
                if intent.status == .pending, intent.received.isPositive {
                    span(.class("sub")) { t("payments.missing_amount", ["amount": t.money(intent.missing)]) }
                }
            },
        ]
    }
}
