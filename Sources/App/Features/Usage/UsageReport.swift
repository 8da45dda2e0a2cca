import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// A6, B9: a subscription's cost by day, product and resource. Days are the account's; the range is half-open and by default today − 10 to the end of today.
package struct UsageReport: Sendable {
    package struct Grouping: OptionSet, Sendable {
        package let rawValue: Int
        package init(rawValue: Int) { self.rawValue = rawValue }
        package static let day = Grouping(rawValue: 1)
        package static let product = Grouping(rawValue: 2)
        package static let resource = Grouping(rawValue: 4)

        package init?(_ text: String) {
            var all: Grouping = []
            for word in text.split(separator: ",", omittingEmptySubsequences: false) {
                switch word {
                case "day": all.insert(.day)
                case "product": all.insert(.product)
                case "resource": all.insert(.resource)
                default: return nil
                }
            }
            self = all
        }
    }
    package struct Line: Sendable {
        package let date: CivilDate?
        package let product: String?
        /// Empty for usage that names none.
        package let resource: String?
        package let cost: ExactDecimal
        package let records: Int64
    }

    package let subscription: Subscription
    package let span: UsageSpan
    package let asOf: Instant
    package let lines: [Line]
    package let total: ExactDecimal
    /// False while the range reaches into a day that is not over: it is an estimate until then (B9).
    package var isComplete: Bool { span.to <= subscription.zone.startOfDay(subscription.zone.date(at: asOf)) }

    private static let linesAtMost = 50_000

    package static func run(
        _ id: SubscriptionID, from: Instant?, to: Instant?, month: CivilMonth? = nil, by grouping: Grouping,
        _ context: TenantContext
    ) async throws -> UsageReport {
        let (subscription, _, now, _) = try await FindSubscription.byID(id, context)
        let span = try UsageSpan(from: from, to: to, month: month, at: now, in: subscription.zone)
        // The civil day is computed by the database's own zone tables, which come from the same tz source.
        let day: SQL = grouping.contains(.day) ? "(occurred_at at time zone \(subscription.zone.identifier))::date" : "null::date"
        let product: SQL = grouping.contains(.product) ? "product" : "null::text"
        let resource: SQL = grouping.contains(.resource) ? "coalesce(resource, '')" : "null::text"
        let rows = try await context.read(
            """
            select \(day) as day, \(product) as product, \(resource) as resource, sum(cost), count(*) from usage_records \
            where tenant_id = \(context.tenant.id) and subscription_id = \(id) and occurred_at >= \(span.from) and occurred_at < \(span.to) \
            group by 1, 2, 3 order by 1, 2, 3 limit \(Int64(linesAtMost + 1))
            """
        ).rows
        guard rows.count <= linesAtMost else { throw Failure.malformed(code: "report_too_large") }
        var total = ExactDecimal.zero
        let lines = try rows.map { row in
            var column = Columns(row)
            let line = Line(
                date: try column.next(), product: try column.next(), resource: try column.next(), cost: try column.next(),
                records: try column.next())
            total = try total.adding(line.cost)
            return line
        }
        return UsageReport(subscription: subscription, span: span, asOf: now, lines: lines, total: total)
    }

    func body() -> [UInt8] {
        jsonObject { json in
            json.field("object", "usage_report")
            json.field("subscription_id", subscription.id)
            json.field("from", span.from)
            json.field("to", span.to)
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
                            if let date = line.date {
                                $0.field("date", date.iso)
                                $0.field("complete", UsageDay.isComplete(date, at: asOf, in: subscription.zone))
                            }
                            if let product = line.product { $0.field("product", product) }
                            if let resource = line.resource { $0.field("resource", resource) }
                            $0.field("cost", line.cost.description)
                            $0.field("currency", subscription.currency.code)
                            $0.field("records", line.records)
                        }
                    }
                })
        }
    }
}
