import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// A job's name on pages and in the API: what it is and whose, `lot_expiry-0193…`.
package struct JobName: Sendable, Hashable {
    package static let settlement = "settlement"

    package let kind: String
    package let subject: UUID

    package var text: String { "\(kind)-\(subject.uuidString.lowercased())" }

    init(kind: String, subject: UUID) {
        self.kind = kind
        self.subject = subject
    }

    package init?(_ text: String) {
        guard let mark = text.firstIndex(of: "-"), let subject = UUID(uuidString: String(text[text.index(after: mark)...])) else {
            return nil
        }
        let kind = String(text[..<mark])
        guard kind == Self.settlement || TimerKind(rawValue: kind) != nil else { return nil }
        self.init(kind: kind, subject: subject)
    }
}

/// Work that waits: a deadline of a subscription, or usage to be settled.
package struct Job: Sendable {
    package enum State: String, CaseIterable, Sendable { case failing, overdue, waiting }

    package let name: JobName
    package let subscription: SubscriptionID?
    package let account: AccountID?
    package let subscriptionName: String?
    let isLapsed: Bool
    package let state: State
    package let dueAt: Instant
    package let attempts: Int
    package let retryAt: Instant?
    package let lastError: String?

    init(_ row: Row, _ state: State) throws {
        var column = Columns(row)
        name = JobName(kind: try column.next(), subject: try column.next())
        subscription = try column.next()
        account = try column.next()
        subscriptionName = try column.next()
        dueAt = try column.next()
        attempts = Int(try column.next(Int32.self))
        retryAt = try column.next()
        lastError = try column.next()
        isLapsed = try column.next()
        self.state = state
    }

    func write(to json: inout JSONWriter) {
        json.object {
            $0.field("id", name.text)
            $0.field("object", "job")
            $0.field("kind", name.kind)
            $0.field("subject_id", name.subject.uuidString.lowercased())
            $0.field("subscription_id", subscription)
            $0.field("state", state.rawValue)
            $0.field("due_at", dueAt)
            $0.field("attempts", attempts)
            $0.field("retry_at", retryAt)
            $0.field("last_error", lastError)
        }
    }
}

/// The statements behind jobs: each goes through an index and costs what it shows.
struct JobQueries {
    let tenant: TenantID
    /// The tenant's time for deadlines, real time for settlements.
    let now: Instant
    let realNow: Instant

    /// Later than this it is late.
    static let graceSeconds: Int64 = 60

    func timers(_ condition: SQL, order: SQL, limit: Int) -> SQL {
        """
        select t.kind, t.subject_id, t.subscription_id, s.account_id, s.name, t.due_at, t.attempts, t.retry_at, t.last_error, \(SubscriptionQueries.isLapsed) from timers t \
        join subscriptions s on s.tenant_id = t.tenant_id and s.id = t.subscription_id \
        where t.tenant_id = \(tenant) and \(condition) \(order) limit \(Int64(limit))
        """
    }

    func settlements(_ condition: SQL, limit: Int) -> SQL {
        """
        select 'settlement', q.subscription_id, q.subscription_id, s.account_id, s.name, q.queued_at, q.attempts, q.retry_at, q.last_error, \(SubscriptionQueries.isLapsed) \
        from work.settlement_queue q join subscriptions s on s.tenant_id = q.tenant_id and s.id = q.subscription_id \
        where q.tenant_id = \(tenant) and \(condition) order by q.queued_at limit \(Int64(limit))
        """
    }

    func of(_ state: Job.State, limit: Int) -> [SQL] {
        let late = now.adding(seconds: -Self.graceSeconds)
        let lately = realNow.adding(seconds: -Self.graceSeconds)
        switch state {
        case .failing:
            return [
                timers("t.attempts > 0", order: "order by t.retry_at, t.kind, t.subject_id", limit: limit),
                settlements("q.attempts > 0", limit: limit),
            ]
        case .overdue:
            return [
                timers(
                    "t.due_at <= \(late) and t.attempts = 0", order: "order by t.due_at, t.kind, t.subject_id", limit: limit),
                settlements("q.queued_at <= \(lately) and q.attempts = 0", limit: limit),
            ]
        case .waiting:
            return [
                timers("t.due_at > \(late) and t.attempts = 0", order: "order by t.due_at, t.kind, t.subject_id", limit: limit),
                settlements("q.queued_at > \(lately) and q.attempts = 0", limit: limit),
            ]
        }
    }
}

package enum ListJobs {
    package static func run(_ state: Job.State, limit: Int, _ context: TenantContext) async throws -> [Job] {
        try context.require(.operate)
        let queries = JobQueries(
            tenant: context.tenant.id, now: try await context.now(), realNow: context.dependencies.realNow())
        let rows = try await context.read(queries.of(state, limit: limit)).rows
        return Array(try rows.flatMap { try $0.map { try Job($0, state) } }.sorted { $0.dueAt < $1.dueAt }.prefix(limit))
    }

    package static func one(_ name: JobName, _ context: TenantContext) async throws -> Job {
        try context.require(.operate)
        let now = try await context.now()
        let queries = JobQueries(tenant: context.tenant.id, now: now, realNow: context.dependencies.realNow())
        let statement =
            name.kind == JobName.settlement
            ? queries.settlements("q.subscription_id = \(name.subject)", limit: 1)
            : queries.timers("t.kind = \(name.kind) and t.subject_id = \(name.subject)", order: "", limit: 1)
        guard let row = try await context.read(statement).rows.first else { throw Failure.notFound }
        let attempts = try row.get(6, as: Int32.self)
        let due = try row.get(5, as: Instant.self)
        return try Job(row, attempts > 0 ? .failing : due <= now ? .overdue : .waiting)
    }
}

/// Forgets that a job has failed: the next sweep takes it again at once, and on a test clock the next advance. It decides from stored facts then,
/// as ever (L8).
package struct RetryJob: Sendable {
    let name: JobName

    package init(name: JobName) { self.name = name }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try context.require(.operate)
        return try await context.command(options) { write in
            let tenant = write.tenant.id
            _ = try await write.begin([])
            let queries = JobQueries(tenant: tenant, now: write.now, realNow: write.dependencies.realNow())
            let isSettlement = name.kind == JobName.settlement
            let changed = try await write.query(
                isSettlement
                    ? """
                    update work.settlement_queue set attempts = 0, retry_at = null, last_error = null where tenant_id = \(tenant) \
                    and subscription_id = \(name.subject) and attempts > 0 returning subscription_id
                    """
                    : """
                    update timers set attempts = 0, retry_at = null, last_error = null where tenant_id = \(tenant) \
                    and kind = \(name.kind) and subject_id = \(name.subject) and attempts > 0 returning subscription_id
                    """)
            let rows = try await write.query(
                isSettlement
                    ? queries.settlements("q.subscription_id = \(name.subject)", limit: 1)
                    : queries.timers("t.kind = \(name.kind) and t.subject_id = \(name.subject)", order: "", limit: 1))
            guard let row = rows.first else { throw Failure.notFound }
            guard !changed.isEmpty else { throw Failure.conflict(code: "job_has_not_failed") }
            let job = try Job(row, .waiting)
            if let subscription = job.subscription {
                write.audit("job.retried", object: ("subscription", subscription.uuid), account: job.account, reason: name.kind)
            }
            var json = JSONWriter()
            job.write(to: &json)
            return Answer(status: 200, body: json.bytes, objectID: job.subscription?.uuid)
        }
    }
}
