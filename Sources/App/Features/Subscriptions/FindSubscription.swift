import Billing
import FoundationEssentials
import Postgres
import Values

/// One subscription, for whoever may see it.
package enum FindSubscription {
    package static func byID(
        _ id: SubscriptionID, _ context: TenantContext, also statements: [SQL] = []
    ) async throws -> (subscription: Subscription, roles: Set<Role>, now: Instant, rows: [Rows]) {
        let found: SubscriptionReads.Found?
        var further: [Rows] = []
        if statements.isEmpty {
            found = try await context.dependencies.database.subscriptions.find(id, context)
        } else {
            let (now, rows) = try await context.read(SubscriptionQueries.one(context.tenant.id, id) + statements)
            found = try SubscriptionQueries.decode(rows[0], lots: rows[1]).first.map { ($0, now) }
            further = Array(rows[2...])
        }
        guard let (subscription, now) = found else { throw Failure.notFound }
        let roles = context.principal.roles(on: subscription.belonging)
        guard !roles.isEmpty else { throw Failure.notFound }
        return (subscription, roles, now, further)
    }
}
