import FoundationEssentials
import Postgres
import Values

/// One kind of work that waits, over all tenants: how much is due, for how long the oldest of it has been, and how much has failed already.
package struct QueueState: Sendable, Equatable {
    /// What has a queue; the names are labels of `/metrics` and lines of `bursar doctor`.
    package enum Name: String, Sendable, CaseIterable { case settlement, timers, notices, operations, outbox, mail, webhooks }

    package let name: Name
    package var waiting = 0
    /// Since when the oldest entry could have been done.
    package var oldest: Instant?
    package var failing = 0
    /// Of so many, where what fails is no entry: webhooks count the endpoints at which nothing arrives, of those that are switched on.
    package var endpoints = 0

    package func lateSeconds(at now: Instant) -> Int64 { oldest.map { max(0, $0.microseconds(until: now) / 1_000_000) } ?? 0 }

    fileprivate mutating func add(_ count: Int64, _ since: Instant?, _ failed: Int64) {
        waiting += Int(count)
        failing += Int(failed)
        if let since { oldest = oldest.map { min($0, since) } ?? since }
    }
}

/// Looks at every queue: a handful of bounded index reads for each tenant.
package enum QueueLook {
    /// A queue longer than this is long, whatever its length is.
    static let countedAtMost: Int64 = 10_000

    package static func run(_ dependencies: Dependencies, _ tenants: [Tenant]) async throws -> [QueueState] {
        let now = dependencies.realNow()
        var states = Dictionary(uniqueKeysWithValues: QueueState.Name.allCases.map { ($0, QueueState(name: $0)) })
        let heads = try await dependencies.database.reads.read(
            scope: nil,
            [
                """
                select count(*), min(queued_at), count(*) filter (where attempts > 0) \
                from (select queued_at, attempts from work.settlement_queue order by queued_at limit \(countedAtMost)) q
                """,
                // Free to be taken: nobody works on it, or whoever did is gone.
                """
                select count(*), min(lease_until), count(*) filter (where faults > 0) from (select lease_until, faults \
                from work.operation_queue where lease_until <= \(now) order by lease_until limit \(countedAtMost)) q
                """,
            ], timeout: .seconds(5))
        try take(heads[0], .settlement, into: &states)
        try take(heads[1], .operations, into: &states)
        for tenant in tenants {
            let rows = try await dependencies.database.reads.read(
                scope: tenant.id.uuid, statements(tenant, now), timeout: .seconds(5))
            try take(rows[0], .mail, into: &states)
            try takeEvents(rows[1], .outbox, into: &states)
            try takeEvents(rows[2], .webhooks, into: &states)
            try take(rows[3], .webhooks, into: &states)
            states[.webhooks]?.endpoints += Int(try rows[3][0].get(3, as: Int64.self))
            // A sandbox tenant's deadlines wait for its clock, and nobody is late there.
            if !tenant.isSandbox {
                try take(rows[4], .timers, into: &states)
                try take(rows[5], .notices, into: &states)
            }
        }
        return QueueState.Name.allCases.compactMap { states[$0] }
    }

    /// The number of the oldest transaction in the cluster that has written and not ended; nil when there is none.
    static func oldestWriter(_ dependencies: Dependencies) async throws -> String? {
        let rows = try await dependencies.database.reads.read(
            scope: nil,
            [
                """
                select (case when pg_snapshot_xmin(s) < pg_snapshot_xmax(s) then pg_snapshot_xmin(s) end)::text \
                from pg_current_snapshot() s
                """
            ], timeout: .seconds(5))
        return try rows[0].first.flatMap { try $0.get(0, as: String?.self) }
    }

    private static func statements(_ tenant: Tenant, _ now: Instant) -> [SQL] {
        let id = tenant.id
        var statements: [SQL] = [
            """
            select count(*), min(next_attempt_at), \
            (select count(*) from (select 1 from mails where tenant_id = \(id) and status in ('failed', 'refused') \
            and occurred_at > \(now.adding(days: -1)) limit \(countedAtMost)) f) \
            from (select next_attempt_at from mails where tenant_id = \(id) and status = 'waiting' and next_attempt_at <= \(now) \
            order by next_attempt_at limit \(countedAtMost)) q
            """,
            events("letters_at is null", of: tenant), events("webhooks_due", of: tenant), webhooks(tenant, now),
        ]
        if !tenant.isSandbox {
            for table in ["timers", "notice_timers"] {
                statements.append(
                    """
                    select count(*), min(due_at), count(*) filter (where attempts > 0) from (select due_at, attempts \
                    from \(SQL(unsafeSQL: table)) where tenant_id = \(id) and due_at <= \(now) order by due_at limit \(countedAtMost)) q
                    """)
            }
        }
        return statements
    }

    /// The events' IDs carry real time; what they tell of may have happened on a test clock.
    private static func events(_ condition: SQL, of tenant: Tenant) -> SQL {
        """
        select count(*), min(id::text) from (select id from outbox_events where tenant_id = \(tenant.id) and \(condition) order by id \
        limit \(countedAtMost)) q
        """
    }

    /// What is due at endpoints that are switched on. Late is what is due where nothing is under way and nothing was within the last lease: a receiver that
    /// is slow or down makes its own messages wait, and that is no fault of this server.
    private static func webhooks(_ tenant: Tenant, _ now: Instant) -> SQL {
        // The longest lease that a server may have.
        let lease: Int64 = 30
        return """
            select coalesce(sum(q.due), 0)::bigint, min(q.since) filter (where not exists (select from webhook_deliveries u \
            where u.tenant_id = \(tenant.id) and u.endpoint_id = w.id and u.status = 'waiting' and u.next_attempt_at > \(now) \
            and u.next_attempt_at <= \(now.adding(seconds: lease)) and u.last_attempt_at > \(now.adding(seconds: -lease)))), \
            count(*) filter (where w.failing_since is not null), count(*) from webhook_endpoints w cross join lateral \
            (select count(*) as due, min(next_attempt_at) as since from (select d.next_attempt_at from webhook_deliveries d \
            where d.tenant_id = \(tenant.id) and d.endpoint_id = w.id and d.status = 'waiting' and d.next_attempt_at <= \(now) \
            order by d.next_attempt_at limit \(countedAtMost)) o) q where w.tenant_id = \(tenant.id) and w.state = 'enabled'
            """
    }

    private static func take(_ rows: Rows, _ name: QueueState.Name, into states: inout [QueueState.Name: QueueState]) throws {
        guard let row = rows.first else { return }
        states[name]?.add(try row.get(0), try row.get(1), try row.get(2))
    }

    private static func takeEvents(_ rows: Rows, _ name: QueueState.Name, into states: inout [QueueState.Name: QueueState]) throws
    {
        guard let row = rows.first else { return }
        let first = try row.get(1, as: String?.self)
        let milliseconds = first.flatMap { Int64($0.filter { $0 != "-" }.prefix(12), radix: 16) }
        states[name]?.add(try row.get(0), milliseconds.map { Instant(microseconds: $0 * 1_000) }, 0)
    }
}
