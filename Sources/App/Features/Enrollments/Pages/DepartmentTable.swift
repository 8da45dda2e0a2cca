import HTML
import Values

/// What has been counted to a department beside its quota: all bars of one table share one scale, so that their lengths compare. The ground reaches to the
/// quota, what goes beyond it stands out. It only repeats what the words beside it say, so it is hidden from the ear.
package struct QuotaBar: Sendable {
    package let spent: Money
    package let quota: Money?
    /// The longest of all bars.
    package let scale: Int64

    package init(spent: Money, quota: Money?, scale: Int64) {
        self.spent = spent
        self.quota = quota
        self.scale = scale
    }

    private func length(_ minor: Int64) -> Int {
        guard scale > 0, minor > 0 else { return 0 }
        return Int(Int128(min(minor, scale)) * 1_000 / Int128(scale))
    }

    package var html: HTML {
        let isOver = quota.map { spent.minor > $0.minor } ?? false
        return svg(
            .class("bar bar--\((isOver ? Tone.bad : .good).rawValue)"), .viewBox(0, 0, 1_000, 8), .ariaHidden(),
            .focusable(false),
            .stretched
        ) {
            if let quota { rect(.class("bar-ground"), .width(length(quota.minor)), .height(8)) }
            rect(.class("bar-part"), .x(0), .width(max(length(spent.minor), spent.isPositive ? 3 : 0)), .height(8))
        }
    }
}

/// The departments of an agreement with cost centre, quota and spend, the dearest first (experience 30).
package struct DepartmentTable: Sendable {
    package struct Row: Sendable {
        /// Nil for what stands in no department.
        package let name: String?
        package let url: URLPath
        package let costCentre: String?
        package let quota: Money?
        package let subscriptions: Int
        package let thisMonth: Money
        package let term: Money

        package init(
            name: String?, url: URLPath, costCentre: String?, quota: Money?, subscriptions: Int, thisMonth: Money, term: Money
        ) {
            self.name = name
            self.url = url
            self.costCentre = costCentre
            self.quota = quota
            self.subscriptions = subscriptions
            self.thisMonth = thisMonth
            self.term = term
        }

        /// Hundredths of the quota, cut; nil without one.
        package var percent: Int? {
            guard let quota, quota.isPositive else { return nil }
            return Int(Int128(max(0, term.minor)) * 100 / Int128(quota.minor))
        }
        var isOver: Bool { quota.map { term.minor > $0.minor } ?? false }
    }

    package let rows: [Row]
    package let currency: Currency

    package init(_ rows: [Row], currency: Currency) {
        self.rows = rows
        self.currency = currency
    }

    private func total(_ part: KeyPath<Row, Money>) -> Money {
        Money(minor: rows.reduce(0) { $0 + $1[keyPath: part].minor }, currency: currency)
    }

    package func html(_ t: Localiser) -> HTML {
        let scale = rows.map { max($0.term.minor, $0.quota?.minor ?? 0) }.max() ?? 0
        let code = ["currency": currency.code]
        return DataTable(
            t("enrollment.departments"),
            columns: [
                TableColumn(t("enrollment.department")), TableColumn(t("subscriptions.title"), isNumber: true),
                TableColumn(t("enrollment.this_month", code), isNumber: true),
                TableColumn(t("enrollment.term", code), isNumber: true),
                TableColumn(t("enrollment.quota", code), isNumber: true), TableColumn(t("enrollment.share")),
            ],
            rows: rows.map { row in
                TableRow([
                    row.nameCell(t), .text(t.number(row.subscriptions)), t.amountElement(row.thisMonth),
                    t.amountElement(row.term), row.quota.map(t.amountElement) ?? t.nothing, row.shareCell(scale, t),
                ])
            },
            totals: [
                DataTable.Total(
                    t("credit.total"),
                    [t.amountElement(total(\.thisMonth)), t.amountElement(total(\.term)), t.nothing, t.nothing])
            ]
        ).html
    }
}

extension DepartmentTable.Row {
    func nameCell(_ t: Localiser) -> HTML {
        group {
            a(.class("row-link"), .href(url)) { name ?? t("enrollment.no_department") }
            if let costCentre { span(.class("sub")) { costCentre } }
        }
    }

    /// - Parameter scale: the longest of all bars of the agreement.
    func shareCell(_ scale: Int64, _ t: Localiser) -> HTML {
        div(.class("share")) {
            QuotaBar(spent: term, quota: quota, scale: scale).html
            span(.class(isOver ? "sub sub--bad" : "sub")) { shareWords(t) }
        }
    }

    private func shareWords(_ t: Localiser) -> String {
        guard let percent else { return t(quota == nil ? "enrollment.without_quota" : "enrollment.zero_quota") }
        return t(isOver ? "enrollment.over_quota" : "enrollment.of_quota", ["percent": t.number(percent)])
    }
}
