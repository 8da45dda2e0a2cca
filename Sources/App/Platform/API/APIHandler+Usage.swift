import Billing
import FoundationEssentials
import HTTP
import Values

/// What was used, and its files.
extension APIHandler {
    func usage(_ request: APIRequest) async throws -> HTTPResponse {
        guard let grouping = UsageReport.Grouping(request["group_by"] ?? "day,product") else {
            throw Failure.malformed(code: "not_one_of", pointer: "?group_by", arguments: ["allowed": "day, product, resource"])
        }
        let report = try await UsageReport.run(
            try request.pathID(), from: request.instant("from"), to: request.instant("to"), month: request.month, by: grouping,
            request.context)
        return response(Answer(status: 200, body: report.body()), request)
    }

    func downloadUsage(_ request: APIRequest, _ format: UsageDownload.Format) async throws -> HTTPResponse {
        try await UsageDownload.of(
            try request.pathID(as: SubscriptionID.self), try style(request, format), localisation: localisation, request.context
        ) { try span(request, at: $0, in: $1) }.response()
    }

    func downloadAccountUsage(_ request: APIRequest, _ format: UsageDownload.Format) async throws -> HTTPResponse {
        try await UsageDownload.of(
            try request.pathID(as: AccountID.self), try style(request, format), localisation: localisation, request.context
        ) { try span(request, at: $0, in: $1) }.response()
    }

    func downloadEnrollmentUsage(_ request: APIRequest, _ format: UsageDownload.Format) async throws -> HTTPResponse {
        try await UsageDownload.of(
            try request.pathID(as: EnrollmentID.self), try style(request, format), localisation: localisation, request.context
        ) { try span(request, at: $0, in: $1) }.response()
    }

    func downloadBillingHistory(_ request: APIRequest) async throws -> HTTPResponse {
        let report = try await FindBillingHistory.of(try request.pathID(), request.context)
        let bytes = report.csv(header: try header(request), localisation: localisation, withMark: request["bom"] == "1")
        return BillingHistoryReport.file(bytes, name: "billing_history_\(report.subscription.id).csv")
    }

    private func span(_ request: APIRequest, at now: Instant, in zone: TimeZoneRule) throws -> UsageSpan {
        try UsageSpan(from: request.instant("from"), to: request.instant("to"), month: request.month, at: now, in: zone)
    }

    private func style(_ request: APIRequest, _ format: UsageDownload.Format) throws -> UsageDownload.Style {
        var style = UsageDownload.Style(format)
        style.withMark = request["bom"] == "1"
        style.header = try header(request)
        return style
    }

    private func header(_ request: APIRequest) throws -> [CSVHeader] {
        guard let rows = CSVHeader.rows(request["header"] ?? "machine") else {
            throw Failure.malformed(code: "not_one_of", pointer: "?header", arguments: ["allowed": "machine, en, zh-Hans"])
        }
        return rows
    }
}

extension APIRequest {
    var month: CivilMonth? { self["month"].flatMap { CivilMonth(iso: $0) } }
}

extension BillingHistoryReport {
    static func file(_ bytes: [UInt8], name: String) -> HTTPResponse {
        HTTPResponse(
            status: 200,
            headers: [
                "Content-Type": "text/csv; charset=utf-8", "Content-Disposition": "attachment; filename=\"\(name)\"",
                "Cache-Control": "no-store",
            ], body: .bytes(bytes))
    }
}
