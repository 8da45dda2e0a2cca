import Postgres
import Values

/// Single subscriptions that are asked for at the same time, of each tenant together.
package struct SubscriptionReads: Sendable {
    package typealias Found = (subscription: Subscription, now: Instant)

    private let reads: ScopedReads<TenantID, SubscriptionID, Found>

    init(_ pool: ReadPool) { reads = ScopedReads(loop: pool.loop, neighbours: pool.neighbours) }

    /// Whoever asks still has to be asked what she may see.
    func find(_ id: SubscriptionID, _ context: TenantContext) async throws -> Found? {
        let tenant = context.tenant.id
        return try await reads.value(of: id, in: tenant, isEverybodys: { ($0 as? Failure)?.status == 503 }) { ids in
            let (now, rows) = try await context.read(SubscriptionQueries.some(tenant, ids))
            let subscriptions = try SubscriptionQueries.decode(rows[0], lots: rows[1])
            return Dictionary(subscriptions.map { ($0.id, (subscription: $0, now: now)) }) { first, _ in first }
        }
    }
}
