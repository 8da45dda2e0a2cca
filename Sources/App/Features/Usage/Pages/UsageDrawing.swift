import Billing
import HTML
import Values

/// The drawing of a usage table: a column per day, per week beyond a month, per month beyond a quarter, so that columns stay wide enough to be told apart.
struct UsageDrawing {
    private static let daysByDay = 31
    private static let daysByWeek = 98

    private let table: UsageTable
    private let since: CivilDate
    let id: String

    /// - Parameter since: days before it have no figures, which is not zero.
    init(_ table: UsageTable, since: CivilDate, id: String = "usage") {
        self.table = table
        self.since = since
        self.id = id
    }

    /// Days that stand in one column.
    private struct Bucket {
        let first: CivilDate
        let last: CivilDate
    }

    func html(_ t: Localiser, title: String? = nil) -> HTML {
        StackedColumnChart(
            id: id, title: title ?? t("usage_page.chart"), finding: finding(t), series: table.series.map { name(of: $0, t) },
            columns: buckets(t).map { column($0, t) }, currency: table.total.currency
        ).html(t)
    }

    private func name(of series: String?, _ t: Localiser) -> String {
        guard let series else { return t("usage.other") }
        switch table.grouping {
        case .product: return series
        case .resource: return series.isEmpty ? t("usage_page.no_resource") : series
        case .day: return t("usage_page.all_usage")
        }
    }

    /// From the range's first day to its last, and no further than today.
    private func span(_ t: Localiser) -> (first: CivilDate, last: CivilDate) {
        let first = t.zone.date(at: table.span.from)
        let last = t.zone.date(at: table.span.to.adding(microseconds: -1))
        return (first, max(first, min(last, t.zone.date(at: table.asOf))))
    }

    private func buckets(_ t: Localiser) -> [Bucket] {
        let (first, last) = span(t)
        let count = first.daysUntil(last) + 1
        var buckets: [Bucket] = []
        var start = first
        while start <= last {
            let next =
                count <= Self.daysByDay
                ? start.adding(days: 1)
                : count <= Self.daysByWeek ? start.adding(days: 8 - start.dayOfWeek) : start.civilMonth.next.start
            buckets.append(Bucket(first: start, last: min(next.adding(days: -1), last)))
            start = next
        }
        return buckets
    }

    private func column(_ bucket: Bucket, _ t: Localiser) -> StackedColumnChart.Column {
        let currency = table.total.currency
        var amounts: [Money]?
        var isOpen = false
        for offset in 0...max(0, bucket.first.daysUntil(bucket.last)) {
            let date = bucket.first.adding(days: offset)
            if !UsageDay.isComplete(date, at: table.asOf, in: t.zone) { isOpen = true }
            guard let cells = table.days[date] else {
                // Before the subscription there are no figures.
                if date >= since, amounts == nil { amounts = table.series.map { _ in .zero(currency) } }
                continue
            }
            amounts = zip(amounts ?? table.series.map { _ in .zero(currency) }, cells).map { (try? $0.adding($1)) ?? $0 }
        }
        let isDay = bucket.first == bucket.last
        let isMonth = bucket.first.day == 1 && bucket.last == bucket.first.civilMonth.last
        return StackedColumnChart.Column(
            key: bucket.first.iso, label: label(bucket, t),
            name: isDay ? bucket.first.iso : isMonth ? bucket.first.civilMonth.iso : "\(bucket.first.iso) – \(bucket.last.iso)",
            amounts: amounts, isOpen: isOpen)
    }

    /// The day; with its month where columns are longer than days.
    private func label(_ bucket: Bucket, _ t: Localiser) -> String {
        let (first, last) = span(t)
        let count = first.daysUntil(last) + 1
        if count <= Self.daysByDay { return String(bucket.first.day) }
        return count <= Self.daysByWeek ? "\(bucket.first.month)/\(bucket.first.day)" : String(bucket.first.month)
    }

    private func finding(_ t: Localiser) -> HTML {
        let (first, last) = span(t)
        let running = [-1, 0].map { t.zone.date(at: table.asOf).adding(days: $0) }.filter {
            $0 >= first && $0 <= last && !UsageDay.isComplete($0, at: table.asOf, in: t.zone)
        }
        let isLong = first.year != last.year
        let said = t.html(
            "usage_page.finding", ["amount": strong { t.money(table.total) }, "as_of": t.timeElement(table.asOf)],
            [
                "from": isLong ? t.longDate(first) : t.dayAndMonth(first), "to": isLong ? t.longDate(last) : t.dayAndMonth(last),
            ])
        let state =
            running.isEmpty
            ? t("usage_page.complete")
            : t(
                "usage_page.running",
                [
                    "days": running.map(t.dayAndMonth).joined(separator: t("common.list_comma")),
                    "hour": String(UsageDay.completeHour),
                ])
        return group {
            said
            t.language == .en ? " " : ""
            state
        }
    }
}
