import Billing
import HTML
import Values

/// The usage of the last ten days by product, as the overview shows it (B9).
package struct UsageChart: Sendable {
    package struct Day: Sendable {
        package let date: CivilDate
        /// In the order of `products`.
        package let amounts: [Money]

        package init(date: CivilDate, amounts: [Money]) {
            self.date = date
            self.amounts = amounts
        }
    }

    package let products: [String]
    package let days: [Day]
    package let total: Money
    /// Until when usage is in these numbers.
    package let asOf: Instant
    package let download: URLPath?

    package init(products: [String], days: [Day], total: Money, asOf: Instant, download: URLPath?) {
        precondition(days.allSatisfy { $0.amounts.count == products.count }, "one amount per product")
        self.products = products
        self.days = days
        self.total = total
        self.asOf = asOf
        self.download = download
    }

    func html(_ t: Localiser) -> HTML {
        let shown = limited(t)
        let columns = shown.days.map { day in
            StackedColumnChart.Column(
                key: day.date.iso, label: String(day.date.day), name: day.date.iso, amounts: day.amounts,
                isOpen: !UsageDay.isComplete(day.date, at: asOf, in: t.zone))
        }
        return StackedColumnChart(
            id: "usage", title: t("usage.ten_days"), finding: finding(t), series: shown.products, columns: columns,
            currency: total.currency
        ).html(t)
    }

    func downloadLink(_ t: Localiser) -> HTML {
        download.map { url in a(.class("tool"), .href(url)) { t("usage.download") } } ?? .empty
    }

    private func finding(_ t: Localiser) -> HTML {
        guard let first = days.first?.date, let last = days.last?.date else { return .empty }
        return t.html(
            "usage.finding", ["amount": strong { t.money(total) }, "as_of": t.timeElement(asOf)],
            ["from": t.dayAndMonth(first), "to": t.dayAndMonth(last)])
    }

    /// The six largest products and all others together: more colours than that nobody can tell apart.
    private func limited(_ t: Localiser) -> (products: [String], days: [Day]) {
        let most = StackedColumnChart.seriesMaximum - 1
        guard products.count > StackedColumnChart.seriesMaximum else { return (products, days) }
        let sums = products.indices.map { index in days.reduce(Int64(0)) { $0 + $1.amounts[index].minor } }
        let order = products.indices.sorted { (sums[$0], $1) > (sums[$1], $0) }
        let kept = order.prefix(most)
        let merged = days.map { day in
            let rest = order.dropFirst(most).reduce(Int64(0)) { $0 + day.amounts[$1].minor }
            return Day(date: day.date, amounts: kept.map { day.amounts[$0] } + [Money(minor: rest, currency: total.currency)])
        }
        return (kept.map { products[$0] } + [t("usage.other")], merged)
    }
}
