import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// The filtered log as a file, oldest last, streamed: a million events never stand in memory.
package struct AuditDownload: Sendable {
    package enum Format: String, Sendable { case csv, jsonl }

    let filter: AuditFilter
    let format: Format
    /// What the file is of: an account's ID, or the tenant's short name.
    let subject: String
    let context: TenantContext

    static let rowsAtOnce = 500
    static let header = [
        "id", "at", "actor_kind", "actor_id", "actor", "action", "object_kind", "object_id", "account_id", "reason", "from", "to",
        "ip", "request_id", "before", "after",
    ]

    package func response() async throws -> HTTPResponse {
        try ListAuditEvents.allow(context.principal)
        let (now, first) = try await context.read("\(query) limit \(Int64(Self.rowsAtOnce + 1))")
        let name = "audit_\(subject)_\(now.rfc3339.prefix(10)).\(format.rawValue)"
        let headers: HTTPHeaders = [
            "Content-Type": format == .csv ? "text/csv; charset=utf-8" : "application/jsonl; charset=utf-8",
            "Content-Disposition": "attachment; filename=\"\(name)\"", "Cache-Control": "private, no-store",
        ]
        // Spreadsheets read UTF-8 only behind its mark.
        let start = format == .csv ? [0xEF, 0xBB, 0xBF] + CSV.line(Self.header) : []
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
        select \(AuditEvent.columns), u.email \(ListAuditEvents.source) left join users u on u.tenant_id = e.tenant_id and u.id = e.actor_id \
        where \(filter.condition(context)) order by e.at desc, e.id desc
        """
    }

    private func line(_ row: Row) throws -> [UInt8] {
        let event = try AuditEvent(row)
        if format == .jsonl {
            var json = JSONWriter()
            event.write(to: &json)
            return json.bytes + [UInt8(ascii: "\n")]
        }
        let email: String? = try row.get(15)
        return CSV.line(
            [
                event.id.description, event.at.rfc3339, event.actor.kind.rawValue, event.actor.typeID ?? "",
                CSV.safe(email ?? ""),
                event.action, event.objectKind, event.objectTypeID, event.account?.description ?? "", event.reason ?? "",
                event.from ?? "", event.to ?? "", CSV.safe(event.ip ?? ""), CSV.safe(event.requestID ?? ""), event.before ?? "",
                event.after ?? "",
            ])
    }
}
