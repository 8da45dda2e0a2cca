import Loop
import Postgres
import Values

/// Single subscriptions that are asked for at the same time, of each tenant together. Belongs to a loop, like the pool that it reads through.
package final class SubscriptionReads: @unchecked Sendable {
    package typealias Found = (subscription: Subscription, now: Instant)

    private let pool: ReadPool
    private var tenants: [TenantID: GatheredReads<SubscriptionID, Found>] = [:]

    init(_ pool: ReadPool) { self.pool = pool }

    /// Whoever asks still has to be asked what she may see.
    func find(_ id: SubscriptionID, _ context: TenantContext) async throws -> Found? {
        pool.loop.preconditionOnLoop()
        let tenant = context.tenant.id
        let reads = tenants[tenant] ?? GatheredReads(loop: pool.loop, neighbours: pool.neighbours)
        tenants[tenant] = reads
        defer { if reads.isIdle { tenants[tenant] = nil } }
        return try await reads.value(of: id, isEverybodys: { ($0 as? Failure)?.status == 503 }) { ids in
            let (now, rows) = try await context.read(SubscriptionQueries.some(tenant, ids))
            let subscriptions = try SubscriptionQueries.decode(rows[0], lots: rows[1])
            return Dictionary(subscriptions.map { ($0.id, (subscription: $0, now: now)) }) { first, _ in first }
        }
    }
}
