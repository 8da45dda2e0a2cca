import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// What the list of events is narrowed to.
package struct EventFilter: Sendable {
    package var account: AccountID?
    package var object: UUID?
    package var type: String?
    package var from: Instant?
    package var to: Instant?
    package init() {}
}

/// The events of the last 30 days, for those who cannot receive them: each as a webhook would have told it.
package enum ListEvents {
    static let kept: Int64 = 30 * 86_400

    package static func run(_ filter: EventFilter, _ page: PageRequest, _ context: TenantContext) async throws -> ListPage<
        WebhookEvent
    > {
        var condition = try await visible(context)
        if let account = filter.account { condition = "\(condition) and e.account_id = \(account)" }
        if let object = filter.object { condition = "\(condition) and e.object_id = \(object)" }
        if let type = filter.type { condition = "\(condition) and e.type = \(type)" }
        if let from = filter.from { condition = "\(condition) and e.occurred_at >= \(from)" }
        if let to = filter.to { condition = "\(condition) and e.occurred_at < \(to)" }
        // IDs carry the real time at which they were made: the order of the list is the order of its key, and page 400 costs what page 1 costs.
        if let after = page.after {
            condition = "\(condition) and e.id \(unsafeSQL: page.ascending ? ">" : "<") \(after.id)"
        }
        let rows = try await context.read(
            """
            select \(WebhookEvent.columns) from outbox_events e where \(condition) \
            order by e.id \(unsafeSQL: page.ascending ? "asc" : "desc") limit \(Int64(page.limit + 1))
            """
        ).rows
        return ListPage(try rows.map(WebhookEvent.init), limit: page.limit) { ($0.occurredAt, $0.id.uuid) }
    }

    package static func one(_ id: EventID, _ context: TenantContext) async throws -> WebhookEvent {
        let rows = try await context.read(
            "select \(WebhookEvent.columns) from outbox_events e where \(try await visible(context)) and e.id = \(id)"
        ).rows
        guard let event = try rows.first.map(WebhookEvent.init) else { throw Failure.notFound }
        return event
    }

    /// Everything for the operator, her account's for everybody else; 30 days of the tenant's time.
    private static func visible(_ context: TenantContext) async throws -> SQL {
        let tenant = context.tenant.id
        let since = try await context.now().adding(seconds: -kept)
        return """
            e.tenant_id = \(tenant) and e.occurred_at >= \(since) \(Visibility.ofEvents(to: context.principal, tenant))
            """
    }
}
