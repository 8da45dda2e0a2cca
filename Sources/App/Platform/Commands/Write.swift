import Billing
import FoundationEssentials
import Postgres
import Values

/// One tenant's write transaction, as a use case sees it.
///
/// The first flush (`begin`) carries the clock, the idempotency key and the rows that the use case locks; everything it then records is
/// only enqueued and leaves with the COMMIT: two flushes for a whole lifecycle write (architecture section 3).
package final class Write {
    package let tenant: Tenant
    package let principal: Principal
    package let requestID: String?
    /// Where the request came from, as the audit log says it; nil for the server's own work.
    package var remoteAddress: String?
    let dependencies: Dependencies
    private let transaction: Transaction
    private let key: IdempotencyKey?
    /// The tenant's time: real, or its test clock's.
    package private(set) var now: Instant
    /// Whose deed it is. A timer's work is the timer's, whoever moved the clock.
    package var actor: Actor
    /// The instant that a clock's advance works at, instead of the clock row's.
    private let pinnedNow: Instant?
    private var lastID: UUIDBits?

    init(
        transaction: Transaction, tenant: Tenant, principal: Principal, actor: Actor? = nil, requestID: String?,
        key: IdempotencyKey?,
        dependencies: Dependencies, pinnedNow: Instant? = nil
    ) {
        self.transaction = transaction
        self.tenant = tenant
        self.principal = principal
        self.actor = actor ?? principal.actor
        self.requestID = requestID
        self.key = key
        self.dependencies = dependencies
        self.pinnedNow = pinnedNow
        now = pinnedNow ?? dependencies.realNow()
    }

    /// Sends BEGIN, the clock, the idempotency key and the statements in one flush, and answers the statements' rows.
    ///
    /// - Throws: `Replay` when the key has its answer already; `Failure` when it was used for other input.
    package func begin(_ statements: [SQL]) async throws -> [Rows] {
        var all: [SQL] = []
        let readsClock = tenant.isSandbox && pinnedNow == nil
        // Shared with other writers, exclusive against an advance: nobody works at an instant that the clock has left.
        if readsClock { all.append("select now_at from test_clocks where tenant_id = \(tenant.id) for share") }
        let keyFrom = all.count
        if let key { all += key.claim(tenant: tenant.id, at: dependencies.realNow()) }
        let answers = try await transaction.query(all + statements)
        if readsClock { now = try answers[0].first.map { try $0.get(0, as: Instant.self) } ?? now }
        if let key { try key.judge(answers[keyFrom..<all.count]) }
        return Array(answers[all.count...])
    }

    package func query(_ statement: SQL) async throws -> Rows { try await transaction.query(statement) }
    package func query(_ statements: [SQL]) async throws -> [Rows] { try await transaction.query(statements) }
    /// Leaves with the next flush; an error in it fails the transaction.
    package func enqueue(_ statement: SQL) { transaction.enqueue(statement) }

    /// What one transaction makes stands in the order in which it was made, in whatever part of a microsecond: two entries of one instant, too.
    package func newID<Tag: IDTag>(_ type: ID<Tag>.Type = ID<Tag>.self) -> ID<Tag> {
        var bits = UUIDBits(dependencies.newID(type).uuid)
        if let last = lastID, bits <= last { bits = UUIDv7.following(last) }
        lastID = bits
        return ID(bits.uuid)
    }
}
