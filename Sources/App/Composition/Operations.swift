import HTTP
import Postgres
import Synchronization
import Values

/// What a person's or a proxy's browser is told beside every answer (G33).
enum SecurityHeaders {
    static func add(to response: inout HTTPResponse, isSecure: Bool) {
        response.headers.set(isSecure ? overTLS : fixed)
    }

    private static let fixed: HTTPHeaders = [
        "Content-Security-Policy":
            "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; script-src 'self'; frame-ancestors 'none'; base-uri 'none'",
        "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
    ]
    private static let overTLS: HTTPHeaders = {
        var headers = fixed
        headers.set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        return headers
    }()
}

/// Whether the server can do its work: the database answers, and its schema is this program's.
enum Readiness {
    struct Check: Sendable {
        let name: String
        let isFine: Bool
        let fault: String
    }

    static func check(_ dependencies: Dependencies, isDraining: Bool) async -> [Check] {
        var checks = [Check(name: "draining", isFine: !isDraining, fault: "draining")]
        do {
            let rows = try await dependencies.database.reads.read(
                scope: nil, ["select max(number) from public.bursar_migrations"], timeout: .seconds(2))
            let newest: Int32? = try rows[0].first?.get(0)
            checks.append(Check(name: "database", isFine: true, fault: ""))
            let isCurrent = newest.map { Int($0) == dependencies.schemaNumber } ?? false
            checks.append(Check(name: "migrations", isFine: isCurrent, fault: "the schema is not this program's"))
        } catch {
            checks.append(Check(name: "database", isFine: false, fault: "does not answer"))
        }
        return checks
    }
}

/// Counts and times for Prometheus. Routes are named by their templates, so the number of series is fixed.
package final class Metrics: Sendable {
    /// Upper bounds in microseconds.
    private static let bounds: [Int64] = [
        500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 10_000_000,
    ]
    private struct Key: Hashable {
        let route: String
        let method: String
        let status: Int
    }
    private struct Series {
        var buckets = Array(repeating: 0, count: Metrics.bounds.count)
        var count = 0
        var microseconds: Int64 = 0

        mutating func observe(_ microseconds: Int64) {
            if let index = Metrics.bounds.firstIndex(where: { microseconds <= $0 }) { buckets[index] += 1 }
            count += 1
            self.microseconds += microseconds
        }
    }

    private let dependencies: Dependencies
    private let series = Mutex<[Key: Series]>([:])
    private let started: Instant

    init(dependencies: Dependencies) {
        self.dependencies = dependencies
        started = dependencies.realNow()
    }

    func observe(route: String, method: String, status: Int, microseconds: Int64) {
        series.withLock { all in
            // In place: a copy of the buckets for every request would be felt.
            all[Key(route: route, method: method, status: status), default: Series()].observe(microseconds)
        }
    }

    /// Only for the addresses that the configuration names; for everybody else there is no such page.
    func response(for request: HTTPRequest) async throws -> HTTPResponse {
        guard dependencies.configuration.metricsAllow.contains(request.remoteAddress) else { throw Failure.notFound }
        let queue = try? await dependencies.database.reads.read(
            scope: nil,
            [
                "select count(*), extract(epoch from (\(dependencies.realNow()) - min(queued_at)))::bigint from work.settlement_queue"
            ], timeout: .seconds(2))
        var text = """
            # HELP bursar_build_info The program's version.
            # TYPE bursar_build_info gauge
            bursar_build_info{version="\(Version.text)"} 1
            # HELP bursar_up_seconds Time since the start.
            # TYPE bursar_up_seconds gauge
            bursar_up_seconds \(started.microseconds(until: dependencies.realNow()) / 1_000_000)
            # HELP bursar_database_up Whether the database answered just now.
            # TYPE bursar_database_up gauge
            bursar_database_up \(queue == nil ? 0 : 1)
            # HELP bursar_write_connections_in_use Exclusive connections inside a transaction.
            # TYPE bursar_write_connections_in_use gauge
            bursar_write_connections_in_use \(dependencies.database.writes.counters.inUse)
            # HELP bursar_write_connections_waiting Requests that wait for one.
            # TYPE bursar_write_connections_waiting gauge
            bursar_write_connections_waiting \(dependencies.database.writes.counters.waiting)

            """
        if let row = queue?[0].first {
            let waiting: Int64 = try row.get(0)
            let oldest: Int64? = try row.get(1)
            text += """
                # HELP bursar_settlement_queue_length Subscriptions with usage that is not settled.
                # TYPE bursar_settlement_queue_length gauge
                bursar_settlement_queue_length \(waiting)
                # HELP bursar_settlement_lag_seconds Age of the oldest of them.
                # TYPE bursar_settlement_lag_seconds gauge
                bursar_settlement_lag_seconds \(oldest ?? 0)

                """
        }
        return HTTPResponse(status: 200, contentType: "text/plain; version=0.0.4; charset=utf-8", text: text + histogram())
    }

    private func histogram() -> String {
        let all = series.withLock { $0 }.sorted {
            ($0.key.route, $0.key.method, $0.key.status) < ($1.key.route, $1.key.method, $1.key.status)
        }
        guard !all.isEmpty else { return "" }
        var text = "# HELP bursar_http_request_duration_seconds Time from the parsed request to the answer.\n"
        text += "# TYPE bursar_http_request_duration_seconds histogram\n"
        for (key, one) in all {
            let labels = "route=\"\(key.route)\",method=\"\(key.method)\",status=\"\(key.status)\""
            var sum = 0
            for (bound, count) in zip(Self.bounds, one.buckets) {
                sum += count
                text += "bursar_http_request_duration_seconds_bucket{\(labels),le=\"\(seconds(bound))\"} \(sum)\n"
            }
            text += "bursar_http_request_duration_seconds_bucket{\(labels),le=\"+Inf\"} \(one.count)\n"
            text += "bursar_http_request_duration_seconds_sum{\(labels)} \(seconds(one.microseconds))\n"
            text += "bursar_http_request_duration_seconds_count{\(labels)} \(one.count)\n"
        }
        return text
    }

    private func seconds(_ microseconds: Int64) -> String {
        let fraction = String(1_000_000 + microseconds % 1_000_000).dropFirst()
        return "\(microseconds / 1_000_000).\(fraction)"
    }
}

package enum Version {
    package static let text = "0.1.0"
}

extension Assets {
    func response(_ request: HTTPRequest) -> HTTPResponse? {
        guard request.method == .get || request.method == .head, let asset = find(request.path) else { return nil }
        return HTTPResponse(
            status: 200,
            headers: [
                "Content-Type": asset.contentType,
                "Cache-Control": asset.isImmutable ? "public, max-age=31536000, immutable" : "public, max-age=86400",
            ], body: .bytes(asset.bytes))
    }
}
