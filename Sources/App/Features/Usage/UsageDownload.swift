import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// A7: every usage record of a range as CSV, streamed row by row: a million rows never stand in memory.
///
/// Plain decimals, ISO times with offset, IDs as text, CRLF; a cell that a spreadsheet could take for a formula gets a leading apostrophe.
package struct UsageDownload: Sendable {
    let subscription: Subscription
    let from: Instant
    let to: Instant
    let withMark: Bool
    let context: TenantContext

    package static func prepare(
        _ id: SubscriptionID, from: Instant?, to: Instant?, withMark: Bool, _ context: TenantContext
    ) async throws -> UsageDownload {
        let (subscription, _, now, _) = try await FindSubscription.byID(id, context)
        let range = try UsageReport.range(from: from, to: to, at: now, in: subscription.zone)
        return UsageDownload(subscription: subscription, from: range.from, to: range.to, withMark: withMark, context: context)
    }

    static let rowsAtOnce = 500
    static let machineHeader = [
        "record_id", "occurred_at", "product", "meter", "resource", "quantity", "unit", "cost", "currency",
    ]

    /// `language` puts a header in that language first; nil keeps to the machine's names.
    ///
    /// Up to `rowsAtOnce` rows are read and sent in one piece, with their length known; more are streamed.
    package func response(language: Strings?) async throws -> HTTPResponse {
        let header = language.map { words in Self.machineHeader.map { words("usage.csv.\($0)") } } ?? Self.machineHeader
        let name =
            "usage_\(subscription.id)_\(subscription.zone.date(at: from).iso)_\(subscription.zone.date(at: to.adding(microseconds: -1)).iso).csv"
        let start = (withMark ? [0xEF, 0xBB, 0xBF] : []) + CSV.line(header)
        let headers: HTTPHeaders = [
            "Content-Type": "text/csv; charset=utf-8", "Content-Disposition": "attachment; filename=\"\(name)\"",
            "Cache-Control": "no-store",
        ]
        let first = try await context.read("\(query) limit \(Int64(Self.rowsAtOnce + 1))").rows
        if first.count <= Self.rowsAtOnce {
            return HTTPResponse(status: 200, headers: headers, body: .bytes(try first.reduce(into: start) { $0 += try line($1) }))
        }
        return HTTPResponse(
            status: 200, headers: headers,
            body: .stream { writer in
                try await writer.write(start)
                try await context.dependencies.database.reports.stream(scope: context.tenant.id.uuid, query, batchSize: 500) {
                    rows in
                    var bytes: [UInt8] = []
                    for row in rows { bytes += try line(row) }
                    try await writer.write(bytes)
                }
            })
    }

    private var query: SQL {
        """
        select id, occurred_at, product, meter, resource, quantity, unit, cost, currency from usage_records \
        where tenant_id = \(context.tenant.id) and subscription_id = \(subscription.id) and occurred_at >= \(from) and occurred_at < \(to) \
        order by occurred_at, id
        """
    }

    private func line(_ row: Row) throws -> [UInt8] {
        var column = Columns(row)
        let id: UsageRecordID = try column.next()
        let at: Instant = try column.next()
        let product: String = try column.next()
        let meter: String = try column.next()
        let resource: String? = try column.next()
        let quantity: ExactDecimal = try column.next()
        let unit: String = try column.next()
        let cost: ExactDecimal = try column.next()
        let currency: String = try column.next()
        return CSV.line(
            [
                id.description, at.rfc3339, CSV.safe(product), CSV.safe(meter), CSV.safe(resource ?? ""), quantity.description,
                CSV.safe(unit), cost.description, currency,
            ])
    }
}

/// RFC 4180, written.
enum CSV {
    static func line(_ cells: [String]) -> [UInt8] {
        Array((cells.map(quoted).joined(separator: ",") + "\r\n").utf8)
    }

    /// Text from outside: never a formula.
    static func safe(_ text: String) -> String {
        guard let first = text.unicodeScalars.first, "=+-@\t\r".unicodeScalars.contains(first) else { return text }
        return "'" + text
    }

    private static func quoted(_ cell: String) -> String {
        guard cell.unicodeScalars.contains(where: { $0 == "," || $0 == "\"" || $0 == "\n" || $0 == "\r" }) else { return cell }
        return "\"" + cell.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
