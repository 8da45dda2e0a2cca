import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// A6, B9: a subscription's cost by day and product. Days are the account's; the range is half-open and by default today − 10 to the end of today.
package struct UsageReport: Sendable {
    package struct Grouping: OptionSet, Sendable {
        package let rawValue: Int
        package init(rawValue: Int) { self.rawValue = rawValue }
        package static let day = Grouping(rawValue: 1)
        package static let product = Grouping(rawValue: 2)

        package init?(_ text: String) {
            var all: Grouping = []
            for word in text.split(separator: ",", omittingEmptySubsequences: false) {
                switch word {
                case "day": all.insert(.day)
                case "product": all.insert(.product)
                default: return nil
                }
            }
            self = all
        }
    }
    package struct Line: Sendable {
        package let date: CivilDate?
        package let product: String?
        package let cost: ExactDecimal
        package let records: Int64
    }

    package let subscription: Subscription
    package let from: Instant
    package let to: Instant
    package let asOf: Instant
    package let lines: [Line]
    package let total: ExactDecimal
    /// False while the range reaches into a day that is not over: it is an estimate until then (B9).
    package var isComplete: Bool { to <= subscription.zone.startOfDay(subscription.zone.date(at: asOf)) }

    /// The longest range that one answer covers, in days.
    static let daysAtMost: Int64 = 400

    package static func run(
        _ id: SubscriptionID, from: Instant?, to: Instant?, by grouping: Grouping, _ context: TenantContext
    ) async throws -> UsageReport {
        let (subscription, _, now, _) = try await FindSubscription.byID(id, context)
        let range = try range(from: from, to: to, at: now, in: subscription.zone)
        // The civil day is computed by the database's own zone tables, which come from the same tz source.
        let day: SQL = grouping.contains(.day) ? "(occurred_at at time zone \(subscription.zone.identifier))::date" : "null::date"
        let product: SQL = grouping.contains(.product) ? "product" : "null::text"
        let rows = try await context.read(
            """
            select \(day) as day, \(product) as product, sum(cost), count(*) from usage_records \
            where tenant_id = \(context.tenant.id) and subscription_id = \(id) and occurred_at >= \(range.from) and occurred_at < \(range.to) \
            group by 1, 2 order by 1, 2
            """
        ).rows
        var total = ExactDecimal.zero
        let lines = try rows.map { row in
            var column = Columns(row)
            let line = Line(
                date: try column.next(), product: try column.next(), cost: try column.next(), records: try column.next())
            total = try total.adding(line.cost)
            return line
        }
        return UsageReport(subscription: subscription, from: range.from, to: range.to, asOf: now, lines: lines, total: total)
    }

    package static func range(from: Instant?, to: Instant?, at now: Instant, in zone: TimeZoneRule) throws -> (
        from: Instant, to: Instant
    ) {
        let today = zone.date(at: now)
        let end = to ?? from.map { max($0, zone.startOfDay(today.adding(days: 1))) } ?? zone.startOfDay(today.adding(days: 1))
        let start = from ?? zone.startOfDay(zone.date(at: to ?? now).adding(days: -10))
        guard start <= end else { throw Failure.malformed(code: "range_backwards") }
        guard start.adding(days: daysAtMost) >= end else {
            throw Failure.malformed(code: "range_too_long", arguments: ["days": String(daysAtMost)])
        }
        return (start, end)
    }

    func body() -> [UInt8] {
        jsonObject { json in
            json.field("object", "usage_report")
            json.field("subscription_id", subscription.id)
            json.field("from", from)
            json.field("to", to)
            json.field("as_of", asOf)
            json.field("complete", isComplete)
            json.field(
                "total",
                object: {
                    $0.field("cost", total.description)
                    $0.field("currency", subscription.currency.code)
                })
            json.field(
                "data",
                array: { json in
                    for line in lines {
                        json.object {
                            if let date = line.date { $0.field("date", date.iso) }
                            if let product = line.product { $0.field("product", product) }
                            $0.field("cost", line.cost.description)
                            $0.field("currency", subscription.currency.code)
                            $0.field("records", line.records)
                        }
                    }
                })
        }
    }
}
