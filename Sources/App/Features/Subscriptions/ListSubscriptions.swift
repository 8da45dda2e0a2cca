import Billing
import FoundationEssentials
import Postgres
import Values

/// What a list of subscriptions is narrowed to; the same words in the portal's address and in the API.
package struct SubscriptionFilter: Sendable, Equatable {
    package var state: SubscriptionState?
    package var offer: Offer?
    package var account: AccountID?
    package var enrollment: EnrollmentID?
    package var department: DepartmentID?
    package var deleteBefore: Instant?
    package var q: String?

    package init() {}
}

/// A3: the subscriptions that the principal may see, newest first.
package enum ListSubscriptions {
    package static func run(
        _ filter: SubscriptionFilter, _ page: PageRequest, _ context: TenantContext
    ) async throws -> (now: Instant, page: ListPage<Subscription>) {
        let tenant = context.tenant.id
        var condition: SQL = "s.tenant_id = \(tenant) \(Visibility.ofSubscriptions(to: context.principal, tenant))"
        if let state = filter.state { condition = "\(condition) and s.state = \(state)" }
        if let offer = filter.offer { condition = "\(condition) and s.offer = \(offer)" }
        if let account = filter.account { condition = "\(condition) and s.account_id = \(account)" }
        if let enrollment = filter.enrollment { condition = "\(condition) and s.enrollment_id = \(enrollment)" }
        if let department = filter.department { condition = "\(condition) and s.department_id = \(department)" }
        if let before = filter.deleteBefore { condition = "\(condition) and s.state = 'suspended' and s.delete_at < \(before)" }
        if let q = filter.q { condition = "\(condition) and \(search(q, tenant))" }
        let (now, rows) = try await context.read(
            SubscriptionQueries.list("\(condition) \(page.tail(at: "s.created_at", id: "s.id"))"))
        let ids: [SubscriptionID] = try rows.map { try $0.get(0) }
        let lots = ids.isEmpty ? rows : try await context.read(SubscriptionQueries.lots(tenant, ids)).rows
        let items = try SubscriptionQueries.decode(rows, lots: lots)
        return (now, ListPage(items, limit: page.limit) { ($0.createdAt, $0.id.uuid) })
    }

    /// An exact ID or an administrator's e-mail jumps; anything else is part of the name, whatever its case.
    private static func search(_ q: String, _ tenant: TenantID) -> SQL {
        if let id = SubscriptionID(q) { return "s.id = \(id)" }
        if let id = OrderID(q) {
            return "s.id in (select o.subscription_id from orders o where o.tenant_id = \(tenant) and o.id = \(id))"
        }
        if let id = AccountID(q) { return "s.account_id = \(id)" }
        if q.contains("@") {
            let email = q.lowercased()
            return """
                (s.service_administrator_id in (select u.id from users u where u.tenant_id = \(tenant) and u.email = \(email)) \
                or s.account_id in (select v.id from accounts v join users u on u.tenant_id = v.tenant_id and u.id = v.administrator_id \
                where v.tenant_id = \(tenant) and u.email = \(email)))
                """
        }
        return """
            (position(lower(\(q)) in lower(s.name)) > 0 \
            or s.partner_id in (select p.id from partners p where p.tenant_id = \(tenant) and p.code = \(q)))
            """
    }
}

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
