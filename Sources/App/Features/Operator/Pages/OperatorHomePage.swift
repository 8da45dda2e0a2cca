import Billing
import HTML
import Values

/// `/operator`: the search box, what waits for a person, and whose data goes next. Nothing here counts the whole tenant.
package struct OperatorHomePage: Page {
    package struct Going: Sendable {
        package let name: String
        package let url: URLPath
        package let account: String
        package let reasons: [SuspensionReason]
        package let deleteAt: Instant

        package init(name: String, url: URLPath, account: String, reasons: [SuspensionReason], deleteAt: Instant) {
            self.name = name
            self.url = url
            self.account = account
            self.reasons = reasons
            self.deleteAt = deleteAt
        }
    }

    /// Something that waits for an operator: how much of it, counted up to a bound, and where to do it.
    package struct Waiting: Sendable {
        package let label: String
        package let count: Int
        package let url: URLPath
        package let isUrgent: Bool

        package init(_ label: String, count: Int, url: URLPath, isUrgent: Bool = false) {
            self.label = label
            self.count = count
            self.url = url
            self.isUrgent = isUrgent
        }
    }

    /// Beyond it a number says only that there are more.
    package static let countedAtMost = 1_000

    package var tenantName: String
    package var search: URLPath
    package var waiting: [Waiting]
    package var going: [Going]
    package var allSuspended: URLPath

    package init(tenantName: String, search: URLPath, waiting: [Waiting], going: [Going], allSuspended: URLPath) {
        self.tenantName = tenantName
        self.search = search
        self.waiting = waiting
        self.going = going
        self.allSuspended = allSuspended
    }

    package func title(_ t: Localiser) -> String { t("operator.title") }

    package func content(_ t: Localiser) -> HTML {
        group {
            PageHeading(tenantName, lede: .text(t("operator.lede"))).html
            SearchBox(action: search).html(t)
            block(t("operator.waiting"), note: .text(t("operator.waiting_note"))) {
                waitingTable(t).html
            }
            block(
                t("operator.going"), note: .text(t("operator.going_note")),
                tools: a(.href(allSuspended)) { t("operator.all_suspended") }
            ) {
                if going.isEmpty {
                    p(.class("note")) { t("operator.going_none") }
                } else {
                    table(t).html
                }
            }
        }
    }

    private func number(_ count: Int, _ t: Localiser) -> String {
        count >= Self.countedAtMost ? "\(t.number(Self.countedAtMost))+" : t.number(count)
    }

    private func waitingTable(_ t: Localiser) -> DataTable {
        DataTable(
            t("operator.waiting"),
            columns: [TableColumn(t("operator.waits")), TableColumn(t("operator.how_many"), isNumber: true)],
            rows: waiting.map { item in
                TableRow([
                    a(.class("row-link"), .href(item.url)) { item.label },
                    span(.class(item.isUrgent && item.count > 0 ? "attention" : nil)) { number(item.count, t) },
                ])
            })
    }

    private func table(_ t: Localiser) -> DataTable {
        DataTable(
            t("operator.going"),
            columns: [
                TableColumn(t("subscriptions.name")), TableColumn(t("subscriptions.account")), TableColumn(t("operator.why")),
                TableColumn(t("operator.deleted_on")), TableColumn(t("operator.in"), isNumber: true),
            ],
            rows: going.map { item in
                TableRow([
                    a(.class("row-link"), .href(item.url)) { item.name }, .text(item.account), .text(t.words(item.reasons)),
                    t.timeElement(item.deleteAt), .text(t.relativeDays(to: item.deleteAt)),
                ])
            })
    }
}
