import FoundationEssentials
import HTTP
import Loop
import Postgres
import Synchronization
import Values

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
    private let allowed: TrustedProxies
    private let watch: Watch
    private let series = Mutex<[Key: Series]>([:])
    private let started: Instant

    init(dependencies: Dependencies, watch: Watch) {
        self.dependencies = dependencies
        self.watch = watch
        // The configuration was read before: a list that cannot be used lets nobody in.
        allowed = (try? TrustedProxies(dependencies.configuration.metricsAllow)) ?? .none
        started = dependencies.realNow()
    }

    func observe(route: String, method: String, status: Int, microseconds: Int64) {
        // Whatever a client calls its method, it makes one series and no more.
        let known = HTTPMethod(rawValue: method) == nil ? "other" : method
        series.withLock { all in
            // In place: a copy of the buckets for every request would be felt.
            all[Key(route: route, method: known, status: status), default: Series()].observe(microseconds)
        }
    }

    /// Only for the addresses that the configuration names; for everybody else there is no such page. Whoever comes through a proxy that nobody
    /// has named comes from nowhere: the proxy's own address says nothing about him.
    func response(for request: HTTPRequest, isForwarded: Bool) async throws -> HTTPResponse {
        guard allowed.trusts(request.remoteAddress), !isForwarded else { throw Failure.notFound }
        let answers = (try? await dependencies.database.reads.read(scope: nil, ["select 1"], timeout: .seconds(2))) != nil
        var exposition = Exposition()
        exposition.add("bursar_build_info", .gauge, "The program's version.", [.init(1, ("version", Version.text))])
        exposition.add(
            "bursar_up_seconds", .gauge, "Time since the start.",
            started.microseconds(until: dependencies.realNow()) / 1_000_000)
        exposition.add("bursar_database_up", .gauge, "Whether the database answered just now.", answers ? 1 : 0)
        exposition.add(
            "bursar_schema_version", .gauge, "The newest migration that this program knows.", dependencies.schemaNumber)
        writePools(to: &exposition)
        writeQueues(to: &exposition)
        exposition.add(
            "bursar_webhook_deliveries_total", .counter,
            "Attempts of this process to deliver a webhook: it arrived, is tried again, or is given up.",
            WebhookAttempts.Outcome.allCases.map {
                .init(dependencies.webhookAttempts.count($0), ("outcome", $0.rawValue))
            })
        writeInvariants(to: &exposition)
        writeHistogram(to: &exposition)
        ProcessFacts.read().write(to: &exposition, startedSeconds: started.microseconds / 1_000_000)
        return HTTPResponse(
            status: 200, contentType: "text/plain; version=0.0.4; charset=utf-8", text: exposition.text)
    }

    private func writePools(to exposition: inout Exposition) {
        let database = dependencies.database
        let pools = [
            ("read", database.reads.counters), ("write", database.writes.counters), ("report", database.reports.counters),
        ]
        func add(_ name: String, _ kind: Exposition.Kind, _ help: String, _ value: (PoolCounters) -> Int) {
            exposition.add("bursar_db_pool_\(name)", kind, help, pools.map { .init(value($0.1), ("pool", $0.0)) })
        }
        add("open", .gauge, "Sessions that are open.") { $0.open }
        add("in_use", .gauge, "Units of work under way.") { $0.inUse }
        add("waiting", .gauge, "Units of work that wait for a session.") { $0.waiting }
        add("units_total", .counter, "Units of work begun.") { $0.units }
        add("retries_total", .counter, "Units of work that were repeated.") { $0.retries }
        add("refused_total", .counter, "Units of work that found no session in time.") { $0.refused }
        add("lost_total", .counter, "Sessions that broke.") { $0.lost }
    }

    private func writeQueues(to exposition: inout Exposition) {
        let seen = watch.state
        guard let at = seen.queuesAt else { return }
        // From when it was seen to now: a look that fails lets the ages grow.
        let now = dependencies.realNow()
        exposition.add(
            "bursar_queue_length", .gauge, "Entries that are due, counted up to \(QueueLook.countedAtMost) a tenant.",
            seen.queues.map { .init($0.waiting, ("queue", $0.name.rawValue)) })
        exposition.add(
            "bursar_queue_oldest_age_seconds", .gauge, "For how long the oldest of them has been due.",
            seen.queues.map { .init($0.lateSeconds(at: now), ("queue", $0.name.rawValue)) })
        exposition.add(
            "bursar_events_held_seconds", .gauge,
            "For how long one unfinished transaction of the cluster has held back newer events from `GET /v1/events?sort=created_at`.",
            seen.oldestWriter.map { max(0, $0.since.microseconds(until: now) / 1_000_000) } ?? 0)
        let takesMail = dependencies.configuration.mail.server != nil
        exposition.add(
            "bursar_jobs_oldest_age_seconds", .gauge,
            "For how long whatever waits longest in any queue has been due; mail only where a server takes it.",
            seen.queues.filter { $0.name != .mail || takesMail }.map { $0.lateSeconds(at: now) }.max() ?? 0)
        exposition.add(
            "bursar_queue_failing", .gauge,
            "Entries that have failed and are tried again, mails of the last day that were given up, or endpoints at which no webhook arrives.",
            seen.queues.map { .init($0.failing, ("queue", $0.name.rawValue)) })
        exposition.add(
            "bursar_webhook_endpoints", .gauge, "Endpoints of webhooks that are switched on.",
            seen.queues.first { $0.name == .webhooks }?.endpoints ?? 0)
        if let settlement = seen.queues.first(where: { $0.name == .settlement }) {
            exposition.add(
                "bursar_settlement_lag_seconds", .gauge, "Age of the oldest usage that is not settled.",
                settlement.lateSeconds(at: now))
        }
        exposition.add(
            "bursar_mail_configured", .gauge, "Whether there is a server that takes mail.",
            takesMail ? 1 : 0)
        exposition.add(
            "bursar_queues_seen_timestamp_seconds", .gauge, "When the queues were looked at last.", at.microseconds / 1_000_000)
    }

    private func writeInvariants(to exposition: inout Exposition) {
        let seen = watch.state
        exposition.add(
            "bursar_invariant_violations", .gauge,
            "Rows that break a rule which always holds; -1 when it could not be evaluated.",
            seen.invariants.sorted { $0.key < $1.key }.map { .init($0.value, ("invariant", $0.key)) })
        guard let at = seen.invariantsAt else { return }
        exposition.add(
            "bursar_ledger_imbalance", .gauge,
            "What debits and credits differ by, in minor units; 0 as long as the books are right.",
            seen.imbalance.sorted { $0.key < $1.key }.map { .init($0.value, ("currency", $0.key)) })
        exposition.add(
            "bursar_invariants_seen_timestamp_seconds", .gauge, "When the invariants were evaluated last.",
            at.microseconds / 1_000_000)
    }

    private func writeHistogram(to exposition: inout Exposition) {
        let all = series.withLock { $0 }.sorted {
            ($0.key.route, $0.key.method, $0.key.status) < ($1.key.route, $1.key.method, $1.key.status)
        }
        guard !all.isEmpty else { return }
        let name = "bursar_http_request_duration_seconds"
        exposition.begin(name, .histogram, "Time from the parsed request to the answer.")
        for (key, one) in all {
            let labels = [("route", key.route), ("method", key.method), ("status", String(key.status))]
            var sum = 0
            for (bound, count) in zip(Self.bounds, one.buckets) {
                sum += count
                exposition.line("\(name)_bucket", labels + [("le", Exposition.seconds(bound))], String(sum))
            }
            exposition.line("\(name)_bucket", labels + [("le", "+Inf")], String(one.count))
            exposition.line("\(name)_sum", labels, Exposition.seconds(one.microseconds))
            exposition.line("\(name)_count", labels, String(one.count))
        }
    }
}
