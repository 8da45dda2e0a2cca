import Billing
import HTML
import Values

/// A usage table's rows as people read them, with the total of all pages below.
struct UsageRows {
    private let table: UsageTable
    private let page: Int

    init(_ table: UsageTable, page: Int) {
        self.table = table
        self.page = page
    }

    func html(_ t: Localiser) -> HTML {
        let start = (page - 1) * UsagePage.rowsAtOnce
        let shown = table.rows.dropFirst(start).prefix(UsagePage.rowsAtOnce)
        var totals = [DataTable.Total(t("usage_page.total"), [t.amountElement(table.total)])]
        if shown.count < table.rows.count {
            let sum = shown.reduce(Int64(0)) { $0 + $1.cost.minor }
            totals.insert(
                DataTable.Total(t("usage_page.page_total"), [t.amountElement(Money(minor: sum, currency: table.total.currency))]),
                at: 0)
        }
        return DataTable(
            t("usage_page.rows"), columns: columns(t), rows: shown.map { TableRow(cells($0, t)) }, totals: totals
        ).html
    }

    private func columns(_ t: Localiser) -> [TableColumn] {
        let cost = TableColumn(t("usage_page.cost", ["currency": table.total.currency.code]), isNumber: true)
        let what = [
            TableColumn(t("usage_page.product")), TableColumn(t("usage_page.meter")),
            TableColumn(t("usage_page.quantity"), isNumber: true), TableColumn(t("usage_page.unit")), cost,
        ]
        switch table.grouping {
        case .product: return [TableColumn(t("usage_page.day"))] + what
        case .resource: return [TableColumn(t("usage_page.resource"))] + what
        case .day:
            return [
                TableColumn(t("usage_page.day")), TableColumn(t("usage_page.state")),
                TableColumn(t("usage_page.record_count"), isNumber: true), cost,
            ]
        }
    }

    private func cells(_ row: UsageTable.Row, _ t: Localiser) -> [HTML] {
        let cost = group {
            t.amountElement(row.cost)
            if let adjusted = row.adjusted {
                span(.class("sub adjusted")) { t("usage_page.adjusted", ["amount": t.amount(adjusted)]) }
            }
        }
        guard table.grouping != .day else { return [day(row, t), state(row, t), .text(t.number(row.records)), cost] }
        let first = table.grouping == .resource ? resource(row, t) : day(row, t)
        return [
            first, .text(row.product ?? ""), .text(row.meter ?? ""), .text(row.quantity.map(t.decimal) ?? ""),
            row.unit.map { $0.isEmpty ? t.nothing : .text($0) } ?? t.nothing, cost,
        ]
    }

    private func day(_ row: UsageTable.Row, _ t: Localiser) -> HTML {
        guard let date = row.date else { return t.nothing }
        return group {
            t.dateElement(date)
            if table.grouping != .day, !isComplete(date, t) { span(.class("sub")) { t("chart.incomplete") } }
        }
    }

    private func state(_ row: UsageTable.Row, _ t: Localiser) -> HTML {
        guard let date = row.date else { return t.nothing }
        return .text(t(isComplete(date, t) ? "usage_page.day_complete" : "usage_page.day_running"))
    }

    private func isComplete(_ date: CivilDate, _ t: Localiser) -> Bool { UsageDay.isComplete(date, at: table.asOf, in: t.zone) }

    private func resource(_ row: UsageTable.Row, _ t: Localiser) -> HTML {
        guard let resource = row.resource else { return .text(t("usage_page.other_resources")) }
        return resource.isEmpty ? .text(t("usage_page.no_resource")) : code { resource }
    }
}
