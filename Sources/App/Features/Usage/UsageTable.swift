import Billing
import FoundationEssentials
import Postgres
import Values

/// A6, B9: what a subscription used in a range, as money that adds up. Every cell is a share of a bill line's amount in the range, rounded once for the
/// line (M2), so that rows, columns and the drawing add up to the total, and a whole month's total is what the ledger posted for it.
package struct UsageTable: Sendable {
    package enum Grouping: String, Sendable, CaseIterable { case product, resource, day }

    package struct Row: Sendable {
        /// Nil where the row sums over days.
        package var date: CivilDate?
        /// Nil where the row is not of one resource; empty for usage that named none.
        package var resource: String?
        package var product: String?
        package var meter: String?
        package var unit: String?
        package var quantity: ExactDecimal?
        package var cost: Money
        package var records: Int64
        /// The part that came in after its day had been complete.
        package var adjusted: Money?
    }

    /// How many resources have rows and how many have a colour of their own; the others are summed.
    static let resourcesAtMost = 200
    static let seriesAtMost = StackedColumnChart.seriesMaximum - 1
    private static let cellsAtMost = 50_000

    package let grouping: Grouping
    package let span: UsageSpan
    package let asOf: Instant
    package let rows: [Row]
    package let total: Money
    package let records: Int64
    /// What the drawing stacks, the largest first; `nil` stands for all others together.
    package let series: [String?]
    /// One amount per series, for each day with any usage.
    package let days: [CivilDate: [Money]]
    /// What came in after its day had been complete, all together.
    package let adjusted: Money?

    package static func load(
        _ subscription: Subscription, _ span: UsageSpan, by grouping: Grouping, at now: Instant, _ context: TenantContext
    ) async throws -> UsageTable {
        let query = UsageQuery(subscription: subscription, span: span, tenant: context.tenant.id)
        switch grouping {
        case .product, .day:
            let rows = try await context.read([query.cells, query.late]).rows
            let (cells, late) = (try UsageQuery.cells(rows[0]), try UsageQuery.late(rows[1]))
            guard cells.count <= cellsAtMost else { throw Failure.malformed(code: "report_too_large") }
            return try UsageTable(cells, late, of: subscription.currency, span, by: grouping, at: now)
        case .resource:
            let ranked = try await context.read(query.largestResources).rows.map { try $0.get(0, as: String.self) }
            let kept = Array(ranked.prefix(resourcesAtMost))
            let rows = try await context.read([
                query.cells(byDay: true, resources: Array(kept.prefix(seriesAtMost))), query.cells(byDay: false, resources: kept),
                query.late,
            ]).rows
            let (drawn, listed) = (try UsageQuery.cells(rows[0]), try UsageQuery.cells(rows[1]))
            guard max(drawn.count, listed.count) <= cellsAtMost else { throw Failure.malformed(code: "report_too_large") }
            return try UsageTable(
                drawn: drawn, listed: listed, try UsageQuery.late(rows[2]), of: subscription.currency, span, at: now)
        }
    }

    static var cellsLimit: Int64 { Int64(cellsAtMost + 1) }
}

/// A sum of usage, exact, at the grain that a query asked for.
struct UsageCell: Sendable {
    /// Where money is rounded once.
    struct Line: Hashable {
        let product: String
        let meter: String
        let month: CivilDate
    }
    let line: Line
    let date: CivilDate?
    let resource: String?
    let unit: String
    let quantity: ExactDecimal
    let cost: ExactDecimal
    let records: Int64
}

/// Late usage of a day and line.
struct LateUsage: Sendable {
    let date: CivilDate
    let product: String
    let meter: String
    let unit: String
    let cost: ExactDecimal
}

extension UsageTable {
    /// Rows by day and product, or by day alone.
    init(
        _ cells: [UsageCell], _ late: [LateUsage], of currency: Currency, _ span: UsageSpan, by grouping: Grouping,
        at now: Instant
    ) throws {
        let amounts = try Self.shared(cells, currency)
        struct Key: Hashable {
            let date: CivilDate?
            var product: String?
            var meter: String?
            var unit: String?
        }
        func key(_ date: CivilDate?, _ product: String, _ meter: String, _ unit: String) -> Key {
            grouping == .day ? Key(date: date) : Key(date: date, product: product, meter: meter, unit: unit)
        }
        var adjusted: [Key: ExactDecimal] = [:]
        for item in late {
            let place = key(item.date, item.product, item.meter, item.unit)
            adjusted[place] = try (adjusted[place] ?? .zero).adding(item.cost)
        }
        var rows: [Row] = []
        var places: [Key: Int] = [:]
        for (cell, cost) in zip(cells, amounts) {
            let place = key(cell.date, cell.line.product, cell.line.meter, cell.unit)
            if let index = places[place] {
                rows[index].cost = try rows[index].cost.adding(cost)
                rows[index].records += cell.records
                if grouping != .day { rows[index].quantity = try rows[index].quantity?.adding(cell.quantity) }
            } else {
                places[place] = rows.count
                var row = Row(date: cell.date, cost: cost, records: cell.records)
                if grouping != .day {
                    (row.product, row.meter, row.unit) = (cell.line.product, cell.line.meter, cell.unit)
                    row.quantity = cell.quantity
                }
                row.adjusted = try adjusted[place].map { try Money(rounding: $0, currency: currency) }
                rows.append(row)
            }
        }
        let names = grouping == .day ? [""] : try Self.ranked(zip(cells, amounts).map { ($0.line.product, $1) }, currency)
        try self.init(
            grouping, span, now, rows, zip(cells, amounts).map { (grouping == .day ? "" : $0.line.product, $0.date, $1) }, names,
            late, currency)
    }

    /// Rows by resource over the whole range, the dearest first.
    init(
        drawn: [UsageCell], listed: [UsageCell], _ late: [LateUsage], of currency: Currency, _ span: UsageSpan, at now: Instant
    ) throws {
        let rows = zip(listed, try Self.shared(listed, currency)).map { cell, cost in
            Row(
                resource: cell.resource, product: cell.line.product, meter: cell.line.meter, unit: cell.unit,
                quantity: cell.quantity, cost: cost, records: cell.records)
        }
        struct Key: Hashable {
            let resource: String?
            let product: String
            let meter: String
            let unit: String
        }
        // A line of another month is a cell of its own; the reader wants one row.
        var merged: [Key: Row] = [:]
        for row in rows {
            let key = Key(resource: row.resource, product: row.product ?? "", meter: row.meter ?? "", unit: row.unit ?? "")
            guard var first = merged[key] else {
                merged[key] = row
                continue
            }
            first.cost = try first.cost.adding(row.cost)
            first.quantity = try first.quantity?.adding(row.quantity ?? .zero)
            first.records += row.records
            merged[key] = first
        }
        let sorted = merged.sorted { left, right in
            let (a, b) = (left.key, right.key)
            if left.value.cost != right.value.cost { return left.value.cost.minor > right.value.cost.minor }
            return (a.resource ?? "\u{10FFFF}", a.product, a.meter, a.unit) < (
                b.resource ?? "\u{10FFFF}", b.product, b.meter, b.unit
            )
        }.map(\.value)
        let points = zip(drawn, try Self.shared(drawn, currency)).map { ($0.resource, $0.date, $1) }
        let names = try Self.ranked(points.compactMap { name, _, amount in name.map { ($0, amount) } }, currency)
        try self.init(.resource, span, now, sorted, points, names, late, currency)
    }

    private init(
        _ grouping: Grouping, _ span: UsageSpan, _ now: Instant, _ rows: [Row],
        _ points: [(name: String?, date: CivilDate?, Money)],
        _ names: [String], _ late: [LateUsage], _ currency: Currency
    ) throws {
        let kept = names.count > Self.seriesAtMost + 1 ? Array(names.prefix(Self.seriesAtMost)) : names
        let places = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1, $0) })
        let hasOthers = points.contains { point in point.name.map { places[$0] == nil } ?? true }
        let series: [String?] = kept + (hasOthers ? [nil] : [])
        var days: [CivilDate: [Money]] = [:]
        for (name, date, amount) in points {
            guard let date else { continue }
            let index = name.flatMap { places[$0] } ?? kept.count
            var amounts = days[date] ?? Array(repeating: .zero(currency), count: series.count)
            amounts[index] = try amounts[index].adding(amount)
            days[date] = amounts
        }
        self.grouping = grouping
        self.span = span
        asOf = now
        self.rows = rows
        self.series = series
        self.days = days
        total = try rows.reduce(Money.zero(currency)) { sum, row in try sum.adding(row.cost) }
        records = rows.reduce(0) { $0 + $1.records }
        adjusted =
            late.isEmpty
            ? nil
            : try Money(rounding: late.reduce(ExactDecimal.zero) { sum, item in try sum.adding(item.cost) }, currency: currency)
    }

    private static func shared(_ cells: [UsageCell], _ currency: Currency) throws -> [Money] {
        try UsageShares.amounts(of: cells.map { (line: $0.line, cost: $0.cost) }, currency: currency)
    }

    /// Names by what they cost, the dearest first.
    private static func ranked(_ parts: [(name: String, amount: Money)], _ currency: Currency) throws -> [String] {
        var sums: [String: Money] = [:]
        for part in parts { sums[part.name] = try (sums[part.name] ?? .zero(currency)).adding(part.amount) }
        return sums.sorted { ($0.value.minor, $1.key) > ($1.value.minor, $0.key) }.map(\.key)
    }
}
