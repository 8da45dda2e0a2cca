import FoundationEssentials
import Postgres
import Values

/// Puts each outgoing event on its way to every endpoint that listens for it, once: the deliveries and the removal of the event's mark are one
/// transaction, so a crash in between makes none of them and two servers make no more than one set.
package struct SpreadEvents: Sendable {
    private static let atOnce: Int64 = 500

    let context: TenantContext

    package init(_ context: TenantContext) { self.context = context }

    /// Works through some of what has happened: one batch, so that a tenant of whom much is told makes no other wait.
    package func batch() async throws -> (deliveries: Int, hasMore: Bool) {
        let (tenant, now) = (context.tenant.id, context.dependencies.realNow())
        let waiting = try await context.read(
            "select count(*) from (select 1 from outbox_events where tenant_id = \(tenant) and webhooks_due limit \(Self.atOnce)) e"
        ).rows
        guard try waiting[0].get(0, as: Int64.self) > 0 else { return (0, false) }
        return try await context.work { write in
            let rows = try await write.query([
                """
                select id, type, object_kind, object_id, account_id from outbox_events where tenant_id = \(tenant) and webhooks_due \
                order by id limit \(Self.atOnce) for update skip locked
                """,
                "select id, account_id, event_types from webhook_endpoints where tenant_id = \(tenant) and state = 'enabled' order by id",
            ])
            let listeners = try rows[1].map(Listener.init)
            var made = Made()
            var events: [EventID] = []
            for row in rows[0] {
                let (id, type): (EventID, String) = (try row.get(0), try row.get(1))
                let account: AccountID? = try row.get(4)
                let subscription: UUID? = try row.get(2, as: String.self) == "subscription" ? row.get(3) : nil
                events.append(id)
                for listener in listeners where listener.listens(to: type, of: account) {
                    made.add(write.newID(), listener.id, id, type, account, subscription)
                }
            }
            if !made.ids.isEmpty { write.enqueue(made.insert(tenant, now)) }
            write.enqueue("update outbox_events set webhooks_due = false where tenant_id = \(tenant) and id = any(\(events))")
            return (made.ids.count, Int64(events.count) == Self.atOnce)
        }
    }

    private struct Listener {
        let id: WebhookEndpointID
        let account: AccountID?
        let types: Set<String>?

        init(_ row: Row) throws {
            id = try row.get(0)
            account = try row.get(1)
            types = try row.get(2, as: [String]?.self).map(Set.init)
        }

        func listens(to type: String, of account: AccountID?) -> Bool {
            (self.account == nil || self.account == account) && (types?.contains(type) ?? true)
        }
    }

    /// The deliveries as columns.
    private struct Made {
        private static let none = UUID.zero
        var ids: [WebhookDeliveryID] = []
        var endpoints: [WebhookEndpointID] = []
        var events: [EventID] = []
        var types: [String] = []
        var accounts: [UUID] = []
        var subscriptions: [UUID] = []

        mutating func add(
            _ id: WebhookDeliveryID, _ endpoint: WebhookEndpointID, _ event: EventID, _ type: String, _ account: AccountID?,
            _ subscription: UUID?
        ) {
            ids.append(id)
            endpoints.append(endpoint)
            events.append(event)
            types.append(type)
            accounts.append(account?.uuid ?? Self.none)
            subscriptions.append(subscription ?? Self.none)
        }

        func insert(_ tenant: TenantID, _ now: Instant) -> SQL {
            """
            insert into webhook_deliveries (tenant_id, id, endpoint_id, event_id, event_type, account_id, subscription_id, status, next_attempt_at, \
            created_at) select \(tenant), n.id, n.endpoint, n.event, n.type, nullif(n.account, \(Self.none)), nullif(n.subscription, \(Self.none)), \
            'waiting', \(now), \(now) from unnest(\(ids), \(endpoints), \(events), \(types), \(accounts), \(subscriptions)) \
            as n (id, endpoint, event, type, account, subscription) on conflict (tenant_id, endpoint_id, event_id) do nothing
            """
        }
    }
}
