import Billing
import HTML
import Values

/// `/operator`: how the tenant stands, and whose data goes next.
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

    package var tenantName: String
    package var counts: [SubscriptionState: Int]
    package var accounts: Int
    package var going: [Going]
    package var allSuspended: URLPath

    package init(tenantName: String, counts: [SubscriptionState: Int], accounts: Int, going: [Going], allSuspended: URLPath) {
        self.tenantName = tenantName
        self.counts = counts
        self.accounts = accounts
        self.going = going
        self.allSuspended = allSuspended
    }

    package func title(_ t: Localiser) -> String { t("operator.title") }

    package func content(_ t: Localiser) -> HTML {
        group {
            PageHeading(tenantName, lede: .text(t("operator.lede"))).html
            facts(t).html
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

    private func facts(_ t: Localiser) -> FactsStrip {
        func count(_ state: SubscriptionState) -> HTML { .text(t.number(counts[state] ?? 0)) }
        let running = (counts[.active] ?? 0) + (counts[.pastDue] ?? 0)
        return FactsStrip(
            large: FactsStrip.Fact(
                t("operator.running"), .text(t.number(running)),
                note: .text(t("operator.in_accounts", ["accounts": t.number(accounts)]))),
            others: [
                FactsStrip.Fact(
                    t.word(SubscriptionState.suspended), count(.suspended), note: .text(t("operator.suspended_note"))),
                FactsStrip.Fact(t.word(SubscriptionState.pending), count(.pending), note: .text(t("operator.pending_note"))),
                FactsStrip.Fact(t.word(SubscriptionState.deleted), count(.deleted), note: .text(t("operator.deleted_note"))),
            ])
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
