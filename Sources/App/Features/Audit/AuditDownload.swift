import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// The filtered log as lines of JSON, oldest last, streamed: a million events never stand in memory. Its other files are those of every list.
package struct AuditDownload: Sendable {
    let filter: AuditFilter
    /// What the file is of: an account's ID, or the tenant's short name.
    let subject: String
    let context: TenantContext

    static let rowsAtOnce = 500

    package func response() async throws -> HTTPResponse {
        try ListAuditEvents.allow(context.principal)
        let (now, first) = try await context.read("\(query) limit \(Int64(Self.rowsAtOnce + 1))")
        let name = "audit_\(subject)_\(now.rfc3339.prefix(10)).jsonl"
        let headers: HTTPHeaders = [
            "Content-Type": "application/jsonl; charset=utf-8",
            "Content-Disposition": "attachment; filename=\"\(name)\"", "Cache-Control": "private, no-store",
        ]
        if first.count <= Self.rowsAtOnce {
            return HTTPResponse(status: 200, headers: headers, body: .bytes(try first.reduce(into: []) { $0 += try line($1) }))
        }
        return HTTPResponse(
            status: 200, headers: headers,
            body: .stream { writer in
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
        select \(AuditEvent.columns) \(ListAuditEvents.source) \
        where \(filter.condition(context)) order by e.at desc, e.id desc
        """
    }

    private func line(_ row: Row) throws -> [UInt8] {
        var json = JSONWriter()
        try AuditEvent(row, context).write(to: &json)
        return json.bytes + [UInt8(ascii: "\n")]
    }
}
