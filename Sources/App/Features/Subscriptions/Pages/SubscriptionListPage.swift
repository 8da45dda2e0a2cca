import Billing
import HTML
import Values

/// A list of subscriptions: of one account, of an enrollment, or of the whole tenant for its operators.
package struct SubscriptionListPage: Page {
    package struct Row: Sendable {
        package var id: String
        /// Nil once its data is gone.
        package var name: String?
        package var url: URLPath
        package var offer: Offer
        package var state: SubscriptionState
        package var reasons: [SuspensionReason] = []
        /// When the data of a suspended one goes.
        package var deleteAt: Instant?
        package var remaining: Money?
        package var daysLeft: Int?
        package var serviceAdministrator: String?
        package var purchasedAt: Instant
        /// Shown where the list spans accounts.
        package var account: NavigationItem?

        package init(id: String, name: String?, url: URLPath, offer: Offer, state: SubscriptionState, purchasedAt: Instant) {
            self.id = id
            self.name = name
            self.url = url
            self.offer = offer
            self.state = state
            self.purchasedAt = purchasedAt
        }
    }

    /// "Account", "Northwind Cloud" …: whose subscriptions these are, for the sentence under the heading.
    package var ownerName: String
    package var spansAccounts: Bool
    package var crumbs: Breadcrumbs?
    package var filters: FilterBar
    package var purchasedSort: TableColumn.Sort?
    package var rows: [Row]
    package var pager: Pager
    package var actions: [ActionLink] = []

    package init(ownerName: String, spansAccounts: Bool, filters: FilterBar, rows: [Row], pager: Pager) {
        self.ownerName = ownerName
        self.spansAccounts = spansAccounts
        self.filters = filters
        self.rows = rows
        self.pager = pager
    }

    package func title(_ t: Localiser) -> String { t("subscriptions.title") }

    package func content(_ t: Localiser) -> HTML {
        group {
            if let crumbs { crumbs.html(t) }
            PageHeading(
                t("subscriptions.title"), lede: .text(t("subscriptions.lede", ["owner": ownerName])), actions: actions
            ).html
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
            ? .neverHad(title: t("subscriptions.empty_title"), text: t("subscriptions.empty_text"), action: nil)
            : .filteredOut(title: t("subscriptions.filtered_title"), clear: filters.action)
    }

    private func table(_ t: Localiser) -> DataTable {
        var columns = [TableColumn(t("subscriptions.name")), TableColumn(t("subscriptions.state"))]
        if spansAccounts { columns.append(TableColumn(t("subscriptions.account"))) }
        columns.append(TableColumn(t("subscriptions.offer")))
        // Across accounts the account is who matters; there is no room for both.
        if !spansAccounts { columns.append(TableColumn(t("subscriptions.service_administrator"))) }
        columns += [
            TableColumn(t("subscriptions.purchased"), sort: purchasedSort),
            TableColumn(t("subscriptions.days_left"), isNumber: true), TableColumn(t("subscriptions.remaining"), isNumber: true),
        ]
        return DataTable(t("subscriptions.title"), columns: columns, rows: rows.map { TableRow(cells($0, t)) })
    }

    private func cells(_ row: Row, _ t: Localiser) -> [HTML] {
        var cells = [nameCell(row, t), stateCell(row, t)]
        if spansAccounts { cells.append(row.account.map { item in a(.href(item.url)) { item.label } } ?? t.nothing) }
        cells.append(.text(t.word(row.offer)))
        if !spansAccounts { cells.append(row.serviceAdministrator.map(HTML.text) ?? t.nothing) }
        cells.append(t.dateElement(row.purchasedAt))
        cells.append(row.daysLeft.map { .text(t.number($0)) } ?? t.nothing)
        cells.append(row.remaining.map(t.moneyElement) ?? t.nothing)
        return cells
    }

    private func nameCell(_ row: Row, _ t: Localiser) -> HTML {
        group {
            a(.class("row-link"), .href(row.url)) { row.name ?? t("subscriptions.erased_name") }
            span(.class("sub mono")) { row.id }
        }
    }

    /// The state, and for a suspended one what is lost when.
    private func stateCell(_ row: Row, _ t: Localiser) -> HTML {
        group {
            t.pill(row.state).html
            if let deleteAt = row.deleteAt {
                span(.class("sub sub--bad")) { t.html("subscriptions.delete_on", ["date": t.dateElement(deleteAt)]) }
            } else if !row.reasons.isEmpty {
                span(.class("sub")) { t.words(row.reasons) }
            }
        }
    }
}
