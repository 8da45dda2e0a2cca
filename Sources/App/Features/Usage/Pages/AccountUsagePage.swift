import Billing
import HTML
import Values

/// All of an account's subscriptions together: what each month came to, and its files.
package struct AccountUsagePage: Page {
    package struct Month: Sendable {
        package let month: CivilMonth
        package let usage: Money
        package let subscriptions: Int64
        /// The part of deleted subscriptions: it stays on the bill, while the usage behind it is erased and in no file any more (L3).
        package let erased: Money
        package let erasedSubscriptions: Int64

        package init(month: CivilMonth, usage: Money, subscriptions: Int64, erased: Money, erasedSubscriptions: Int64) {
            self.month = month
            self.usage = usage
            self.subscriptions = subscriptions
            self.erased = erased
            self.erasedSubscriptions = erasedSubscriptions
        }
    }

    package var account: String
    package var currency: Currency
    package var months: [Month]
    package var current: CivilMonth
    package var files: @Sendable (CivilMonth) -> UsageFiles
    package var subscriptions: URLPath

    package func title(_ t: Localiser) -> String { t("account_usage.title", ["name": account]) }

    package func content(_ t: Localiser) -> HTML {
        group {
            Breadcrumbs([(t("subscriptions.title"), subscriptions)], current: t("account_usage.crumb")).html(t)
            PageHeading(title(t), lede: .text(t("account_usage.lede", ["zone": t.zoneLabel]))).html
            if months.isEmpty {
                EmptyState.neverHad(title: t("account_usage.empty_title"), text: t("account_usage.empty_text"), action: nil).html(
                    t)
            } else {
                table(t).html
                p(.class("note")) { t("download.note") }
            }
        }
    }

    @HTMLBuilder
    private func downloads(_ month: Month, _ t: Localiser) -> HTML {
        let words = ["count": t.number(month.erasedSubscriptions), "amount": t.money(month.erased)]
        if month.subscriptions == month.erasedSubscriptions {
            span(.class("faint")) { t("account_usage.all_erased") }
        } else {
            files(month.month).links(of: month.month.iso, t)
            if month.erasedSubscriptions > 0 { span(.class("sub")) { t("account_usage.part_erased", words) } }
        }
    }

    private func table(_ t: Localiser) -> DataTable {
        DataTable(
            title(t),
            columns: [
                TableColumn(t("billing.month")), TableColumn(t("account_usage.subscriptions"), isNumber: true),
                TableColumn(t("billing.usage", ["currency": currency.code]), isNumber: true), TableColumn(t("billing.files")),
            ],
            rows: months.map { month in
                TableRow(
                    id: month.month.iso,
                    [
                        group {
                            time(.datetime(month.month.iso)) { month.month.iso }
                            if month.month == current { span(.class("sub")) { t("billing.so_far") } }
                        },
                        .text(t.number(month.subscriptions)), t.amountElement(month.usage),
                        downloads(month, t),
                    ])
            },
            totals: [
                DataTable.Total(
                    t("billing.total"),
                    [t.amountElement(Money(minor: months.reduce(Int64(0)) { $0 + $1.usage.minor }, currency: currency)), .empty])
            ])
    }
}
