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
        let rows = try await context.read(try await statement(filter, page, context)).rows
        guard page.ascending else {
            return ListPage(try rows.map(WebhookEvent.init), limit: page.limit) { ($0.occurredAt, $0.id.uuid) }
        }
        let found = ListPage(
            try rows.map { (event: try WebhookEvent($0), place: try $0.get(8, as: Int64.self)) }, limit: page.limit
        ) { (Instant(microseconds: $0.place), $0.event.id.uuid) }
        return ListPage(items: found.items.map(\.event), nextCursor: found.nextCursor)
    }

    static func statement(_ filter: EventFilter, _ page: PageRequest, _ context: TenantContext) async throws -> SQL {
        var condition = try await visible(context)
        if let account = filter.account { condition = "\(condition) and e.account_id = \(account)" }
        if let object = filter.object { condition = "\(condition) and e.object_id = \(object)" }
        if let type = filter.type { condition = "\(condition) and e.type = \(type)" }
        if let from = filter.from { condition = "\(condition) and e.occurred_at >= \(from)" }
        if let to = filter.to { condition = "\(condition) and e.occurred_at < \(to)" }
        return page.ascending ? try await inOrderOfTransactions(condition, page, context) : newest(condition, page)
    }

    /// For people: the newest first, by the tenant's time, which is also what the list is narrowed by: whatever lies outside of it is not read.
    private static func newest(_ condition: SQL, _ page: PageRequest) -> SQL {
        "select \(WebhookEvent.columns) from outbox_events e where \(condition) \(page.tail(at: "e.occurred_at", id: "e.id"))"
    }

    /// For whoever goes on from a cursor: an event's place is its transaction's, and it is shown once no transaction before that one can still commit.
    /// Nothing ever appears behind a place that was shown, however long a transaction took. A transaction has its number from its first write on, before it
    /// waits for any lock, so two of one object may stand the other way round: their `sequence` says which was first.
    ///
    /// The cursor holds that place. One that names a transaction which has not been yet was made before there were places, or in another cluster: its
    /// event says where it stands.
    private static func inOrderOfTransactions(_ condition: SQL, _ page: PageRequest, _ context: TenantContext) async throws -> SQL
    {
        var after: SQL = ""
        if let (at, id) = page.after {
            // Asked for beforehand: an index begins at a value, not at a question.
            let told: SQL = "(\(String(max(0, at.microseconds)))::text)::xid8"
            let place: String = try await context.read(
                """
                select (case when \(told) < pg_snapshot_xmax(pg_current_snapshot()) then \(told) else coalesce((select c.xact from outbox_events c \
                where c.tenant_id = \(context.tenant.id) and c.id = \(id)), '0'::xid8) end)::text
                """
            ).rows[0].get(0)
            after = "and (e.xact, e.id) > ((\(place)::text)::xid8, \(id))"
        }
        return """
            select \(WebhookEvent.columns), e.xact::text::bigint from outbox_events e where \(condition) \
            and e.xact < pg_snapshot_xmin(pg_current_snapshot()) \(after) order by e.xact, e.id limit \(Int64(page.limit + 1))
            """
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
