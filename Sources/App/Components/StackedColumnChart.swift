import HTML
import Values

/// Amounts over time as stacked columns, drawn by the server (C2, C10): the finding in words, the drawing, its key, and the
/// same numbers as a table beneath. Every column is a link to its row, so that pointer, keyboard and ear reach the figures.
package struct StackedColumnChart: Sendable {
    package struct Column: Sendable {
        /// Unique on the page: `2026-11-12`.
        package let key: String
        /// Below the column: `12`.
        package let label: String
        /// Read aloud and in the table: `2026-11-12`.
        package let name: String
        /// One amount per series; nil where nothing is known, which is not zero.
        package let amounts: [Money]?
        /// Still growing: hatched, and said so.
        package let isOpen: Bool

        package init(key: String, label: String, name: String, amounts: [Money]?, isOpen: Bool = false) {
            self.key = key
            self.label = label
            self.name = name
            self.amounts = amounts
            self.isOpen = isOpen
        }
    }

    package let id: String
    package let title: String
    package let finding: HTML
    package let series: [String]
    package let columns: [Column]
    package let currency: Currency
    /// Downloads and other ways to the same numbers, beside the key.
    package let links: [ActionLink]

    /// More series than these cannot be told apart; callers sum the rest as "other" (C2).
    package static let seriesMaximum = 7

    package init(
        id: String, title: String, finding: HTML, series: [String], columns: [Column], currency: Currency,
        links: [ActionLink] = []
    ) {
        precondition(series.count <= Self.seriesMaximum, "sum the smaller series as other")
        precondition(columns.allSatisfy { $0.amounts?.count ?? series.count == series.count }, "one amount per series")
        self.id = id
        self.title = title
        self.finding = finding
        self.series = series
        self.columns = columns
        self.currency = currency
        self.links = links
    }

    package func html(_ t: Localiser) -> HTML {
        figure(.class("chart")) {
            figcaption { finding }
            ChartDrawing(chart: self, size: .wide).html(t)
            ChartDrawing(chart: self, size: .narrow).html(t)
            key(t)
            details(.class("chart-table"), .id("\(id)-table")) {
                summary { t("chart.as_table") }
                dataTable(t).html
            }
        }
    }

    func rowID(_ column: Column) -> String { "\(id)-\(column.key)" }

    func total(_ column: Column) -> Money? {
        column.amounts.map { amounts in
            Money(minor: amounts.reduce(0) { $0 + $1.minor }, currency: currency)
        }
    }

    private func key(_ t: Localiser) -> HTML {
        div(.class("chart-key")) {
            ul {
                for (index, name) in series.enumerated() {
                    li {
                        svg(.class("swatch"), .viewBox(0, 0, 10, 10), .width(10), .height(10), .ariaHidden(), .focusable(false)) {
                            rect(.class("s\(index + 1)"), .width(10), .height(10), .rx(2))
                        }
                        name
                    }
                }
            }
            if !links.isEmpty { p { HTML.join(links.map(\.link), separator: .text(" ")) } }
        }
    }

    private func dataTable(_ t: Localiser) -> DataTable {
        var heads = [TableColumn(t("chart.day"))]
        heads += series.map { TableColumn($0, isNumber: true) }
        heads.append(TableColumn(t("chart.total_in", ["currency": currency.code]), isNumber: true))
        let rows = columns.map { column in
            var cells: [HTML] = [
                group {
                    column.name; column.isOpen ? span(.class("sub")) { t("chart.incomplete") } : .empty
                }
            ]
            for index in series.indices { cells.append(column.amounts.map { t.amountElement($0[index]) } ?? t.nothing) }
            cells.append(total(column).map(t.amountElement) ?? t.nothing)
            return TableRow(id: rowID(column), cells)
        }
        return DataTable(title, columns: heads, rows: rows, totals: [totals(t)], narrow: .scroll)
    }

    private func totals(_ t: Localiser) -> DataTable.Total {
        let known = columns.compactMap(\.amounts)
        let sums = series.indices.map { index in known.reduce(Int64(0)) { $0 + $1[index].minor } }
        let all = (sums + [sums.reduce(0, +)]).map { t.amountElement(Money(minor: $0, currency: currency)) }
        return DataTable.Total(t("chart.total"), all)
    }
}
