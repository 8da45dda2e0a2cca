import Billing
import FoundationEssentials
import Postgres
import Values

/// One subscription, for whoever may see it.
package enum FindSubscription {
    package static func byID(
        _ id: SubscriptionID, _ context: TenantContext, also statements: [SQL] = []
    ) async throws -> (subscription: Subscription, roles: Set<Role>, now: Instant, rows: [Rows]) {
        let (now, rows) = try await context.read(SubscriptionQueries.one(context.tenant.id, id) + statements)
        guard let subscription = try SubscriptionQueries.decode(rows[0], lots: rows[1]).first else { throw Failure.notFound }
        let roles = context.principal.roles(on: subscription.belonging)
        guard !roles.isEmpty else { throw Failure.notFound }
        return (subscription, roles, now, Array(rows[2...]))
    }
}
