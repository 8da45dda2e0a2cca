import Billing
import HTML
import Values

/// All of an agreement's subscriptions together: what each month came to, and its files.
package struct EnrollmentUsagePage: Page {
    var crumbs: Breadcrumbs
    var name: String
    var currency: Currency
    var months: [(month: CivilMonth, usage: Money)]
    var current: CivilMonth
    var files: @Sendable (CivilMonth) -> UsageFiles

    package func title(_ t: Localiser) -> String { t("account_usage.title", ["name": name]) }

    package func content(_ t: Localiser) -> HTML {
        group {
            crumbs.html(t)
            PageHeading(title(t), lede: .text(t("enrollment.usage_lede", ["zone": t.zoneLabel]))).html
            if months.isEmpty {
                EmptyState.neverHad(
                    title: t("account_usage.empty_title"), text: t("enrollment.usage_empty"), action: nil
                ).html(t)
            } else {
                table(t).html
                p(.class("note")) { t("download.note") }
                p(.class("note")) { t("enrollment.usage_erased") }
            }
        }
    }

    private func table(_ t: Localiser) -> DataTable {
        DataTable(
            title(t),
            columns: [
                TableColumn(t("billing.month")), TableColumn(t("billing.usage", ["currency": currency.code]), isNumber: true),
                TableColumn(t("billing.files")),
            ],
            rows: months.map { one in
                TableRow(
                    id: one.month.iso,
                    [
                        group {
                            time(.datetime(one.month.iso)) { one.month.iso }
                            if one.month == current { span(.class("sub")) { t("billing.so_far") } }
                        }, t.amountElement(one.usage), files(one.month).links(of: one.month.iso, t),
                    ])
            },
            totals: [
                DataTable.Total(
                    t("billing.total"),
                    [t.amountElement(Money(minor: months.reduce(Int64(0)) { $0 + $1.usage.minor }, currency: currency)), .empty])
            ])
    }
}
