import Billing
import HTML
import Values

/// Every account of the tenant, for its operators.
package struct AccountListPage: Page {
    package struct Row: Sendable {
        package var id: String
        package var name: String
        package var url: URLPath
        package var kind: AccountKind
        package var administrator: String
        package var currency: Currency
        package var enrollment: NavigationItem?
        package var running: Int
        package var suspended: Int
        package var createdAt: Instant

        package init(
            id: String, name: String, url: URLPath, kind: AccountKind, administrator: String, currency: Currency, running: Int,
            suspended: Int, createdAt: Instant
        ) {
            self.id = id
            self.name = name
            self.url = url
            self.kind = kind
            self.administrator = administrator
            self.currency = currency
            self.running = running
            self.suspended = suspended
            self.createdAt = createdAt
        }
    }

    package var tenantName: String
    package var filters: FilterBar
    package var createdSort: TableColumn.Sort?
    package var rows: [Row]
    package var pager: Pager

    package init(tenantName: String, filters: FilterBar, rows: [Row], pager: Pager) {
        self.tenantName = tenantName
        self.filters = filters
        self.rows = rows
        self.pager = pager
    }

    package func title(_ t: Localiser) -> String { t("accounts.title") }

    package func content(_ t: Localiser) -> HTML {
        group {
            PageHeading(t("accounts.title"), lede: .text(t("accounts.lede", ["tenant": tenantName]))).html
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
            ? .neverHad(title: t("accounts.empty_title"), text: t("accounts.empty_text"), action: nil)
            : .filteredOut(title: t("accounts.filtered_title"), clear: filters.action)
    }

    private func table(_ t: Localiser) -> DataTable {
        DataTable(
            t("accounts.title"),
            columns: [
                TableColumn(t("accounts.name")), TableColumn(t("accounts.kind")), TableColumn(t("accounts.administrator")),
                TableColumn(t("accounts.currency")), TableColumn(t("accounts.created"), sort: createdSort),
                TableColumn(t("accounts.running"), isNumber: true), TableColumn(t("accounts.suspended"), isNumber: true),
            ],
            rows: rows.map { TableRow(cells($0, t)) })
    }

    private func cells(_ row: Row, _ t: Localiser) -> [HTML] {
        [
            group {
                a(.class("row-link"), .href(row.url)) { row.name }
                span(.class("sub mono")) { row.id }
            },
            group {
                t.word(row.kind)
                if let enrollment = row.enrollment { span(.class("sub")) { a(.href(enrollment.url)) { enrollment.label } } }
            },
            .text(row.administrator), .text(row.currency.code), t.dateElement(row.createdAt), .text(t.number(row.running)),
            row.suspended == 0 ? .text("0") : span(.class("attention")) { t.number(row.suspended) },
        ]
    }
}

/// The choice among one's own accounts, after signing in with more than one.
package struct AccountChoicePage: Page {
    package struct Choice: Sendable {
        package let name: String
        package let role: String
        package let url: URLPath

        package init(name: String, role: String, url: URLPath) {
            self.name = name
            self.role = role
            self.url = url
        }
    }

    package var choices: [Choice]

    package init(choices: [Choice]) { self.choices = choices }

    package func title(_ t: Localiser) -> String { t("accounts.choose_title") }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            PageHeading(title(t), lede: .text(t("accounts.choose_lede"))).html
            if choices.isEmpty {
                EmptyState.noPermission(title: t("accounts.none_title"), text: t("accounts.none_text")).html(t)
            } else {
                ul(.class("choice-list")) {
                    for choice in choices {
                        li {
                            a(.href(choice.url)) {
                                strong { choice.name }
                                span(.class("sub")) { choice.role }
                            }
                        }
                    }
                }
            }
        }
    }
}
