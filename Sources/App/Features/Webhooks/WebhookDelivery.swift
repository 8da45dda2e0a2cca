import FoundationEssentials
import HTTP
import Postgres
import Values

/// One event on its way to one endpoint: what was sent, what came back, what follows.
package struct WebhookDelivery: Sendable {
    package enum Status: String, Sendable, CaseIterable, PostgresWord { case waiting, succeeded, failed }

    package let id: WebhookDeliveryID
    package let endpoint: WebhookEndpointID
    package let account: AccountID?
    package let event: EventID
    package let eventType: String
    package let isTest: Bool
    package let status: Status
    package let attempts: Int32
    package let nextAttemptAt: Instant?
    package let lastAttemptAt: Instant?
    package let createdAt: Instant
    package let body: String?
    package let responseStatus: Int32?
    package let responseBody: String?
    package let error: String?
    package let milliseconds: Int32?
    package let url: String

    /// Of `webhook_deliveries d` and its endpoint `w`.
    static func columns(withBodies: Bool) -> SQL {
        let (sent, heard): (SQL, SQL) = withBodies ? ("d.body", "d.response_body") : ("null::text", "null::text")
        return """
            d.id, d.endpoint_id, d.account_id, d.event_id, d.event_type, d.is_test, d.status, d.attempts, d.next_attempt_at, d.last_attempt_at, \
            d.created_at, \(sent), d.response_status, \(heard), d.error, d.duration_ms, w.url
            """
    }

    static let source: SQL =
        "from webhook_deliveries d join webhook_endpoints w on w.tenant_id = d.tenant_id and w.id = d.endpoint_id"

    init(_ row: Row) throws {
        var column = Columns(row)
        id = try column.next()
        endpoint = try column.next()
        account = try column.next()
        event = try column.next()
        eventType = try column.next()
        isTest = try column.next()
        status = try column.next()
        attempts = try column.next()
        nextAttemptAt = try column.next()
        lastAttemptAt = try column.next()
        createdAt = try column.next()
        body = try column.next()
        responseStatus = try column.next()
        responseBody = try column.next()
        error = try column.next()
        milliseconds = try column.next()
        url = try column.next()
    }

    /// The bodies are in one delivery's own answer, not in lists.
    func write(to json: inout JSONWriter, withBodies: Bool) {
        json.object {
            $0.field("id", id)
            $0.field("object", "webhook_delivery")
            $0.field("endpoint_id", endpoint)
            $0.field("account_id", account)
            $0.field("event_id", event)
            $0.field("event_type", eventType)
            $0.field("test", isTest)
            $0.field("status", status.rawValue)
            $0.field("attempts", Int64(attempts))
            $0.field("next_attempt_at", nextAttemptAt)
            $0.field("last_attempt_at", lastAttemptAt)
            $0.field("response_status", responseStatus.map { Int64($0) })
            $0.field("error", error)
            $0.field("duration_ms", milliseconds.map { Int64($0) })
            $0.field("created_at", createdAt)
            if withBodies {
                $0.field("request_body", body)
                $0.field("response_body", responseBody)
            }
        }
    }

    func answer(_ status: Int = 200) -> Answer {
        var json = JSONWriter()
        write(to: &json, withBodies: true)
        return Answer(
            status: status, body: json.bytes, location: status == 202 ? Endpoint.getWebhookDelivery.path(id.description) : nil,
            objectID: id.uuid)
    }

    /// L3: what was told about a subscription, and what receivers said to it, goes with it; that it was told, and when, stays.
    static func erasing(_ tenant: TenantID, _ subscription: SubscriptionID, at now: Instant) -> SQL {
        """
        update webhook_deliveries set body = null, response_body = null, erased_at = \(now) \
        where tenant_id = \(tenant) and subscription_id = \(subscription) and erased_at is null
        """
    }
}

package enum FindWebhookDelivery {
    package static func byID(_ id: WebhookDeliveryID, _ context: TenantContext) async throws -> WebhookDelivery {
        let (delivery, owner) = try await any(id, context)
        try await FindAPIKey.requireManager(of: owner, context)
        return delivery
    }

    /// The last that did not arrive, for whoever has found the endpoint: why nothing does.
    static func cause(of endpoint: WebhookEndpointID, _ context: TenantContext) async throws -> WebhookDelivery? {
        try await context.read(
            """
            select \(WebhookDelivery.columns(withBodies: false)) \(WebhookDelivery.source) where d.tenant_id = \(context.tenant.id) \
            and d.endpoint_id = \(endpoint) and d.error is not null order by d.created_at desc, d.id desc limit 1
            """
        ).rows.first.map(WebhookDelivery.init)
    }

    static func confirmVisible(_ id: WebhookDeliveryID, _ context: TenantContext) async throws {
        try await FindWebhookEndpoint.confirmVisible(account: try await any(id, context).owner, context)
    }

    static func one(_ id: WebhookDeliveryID, _ tenant: TenantID) -> SQL {
        """
        select \(WebhookDelivery.columns(withBodies: true)), w.account_id, w.state \(WebhookDelivery.source) where d.tenant_id = \(tenant) and d.id = \(id)
        """
    }

    private static func any(_ id: WebhookDeliveryID, _ context: TenantContext) async throws -> (
        WebhookDelivery, owner: AccountID?
    ) {
        guard let row = try await context.read(one(id, context.tenant.id)).rows.first else { throw Failure.notFound }
        return (try WebhookDelivery(row), try row.get(17))
    }
}

/// Sends it again, under the same ID, whatever became of it before.
package struct RetryWebhookDelivery: Sendable {
    let id: WebhookDeliveryID

    package init(id: WebhookDeliveryID) { self.id = id }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        _ = try await FindWebhookDelivery.byID(id, context)
        let now = context.dependencies.realNow()
        return try await context.command(options) { write in
            let rows = try await write.begin(["\(FindWebhookDelivery.one(id, write.tenant.id)) for no key update of d"])
            guard let row = rows[0].first else { throw Failure.notFound }
            let state: WebhookEndpoint.State = try row.get(18)
            guard state == .enabled else { throw Failure.conflict(code: "webhook_endpoint_not_enabled") }
            let changed = try await write.query([
                """
                update webhook_deliveries set status = 'waiting', next_attempt_at = \(now), tries = 0, error = null \
                where tenant_id = \(write.tenant.id) and id = \(id)
                """, FindWebhookDelivery.one(id, write.tenant.id),
            ])
            guard let delivery = try changed[1].first.map(WebhookDelivery.init) else { throw Failure.notFound }
            write.audit("webhook_delivery.retried", object: ("webhook_delivery", id.uuid), account: delivery.account)
            return delivery.answer()
        }
    }
}

/// Sends an event made up for the purpose to one endpoint.
package struct TestWebhookEndpoint: Sendable {
    let id: WebhookEndpointID

    package init(id: WebhookEndpointID) { self.id = id }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        _ = try await FindWebhookEndpoint.byID(id, context)
        let now = context.dependencies.realNow()
        return try await context.command(options) { write in
            let rows = try await write.begin([WebhookEndpoint.one(id, write.tenant.id)])
            guard let endpoint = try rows[0].first.map(WebhookEndpoint.init) else { throw Failure.notFound }
            guard endpoint.state == .enabled else { throw Failure.conflict(code: "webhook_endpoint_not_enabled") }
            let (delivery, event): (WebhookDeliveryID, EventID) = (write.newID(), write.newID())
            let body = WebhookEvent(testing: endpoint, id: event, at: write.now).body()
            let made = try await write.query([
                """
                insert into webhook_deliveries (tenant_id, id, endpoint_id, account_id, event_id, event_type, is_test, status, next_attempt_at, \
                created_at, body) values (\(write.tenant.id), \(delivery), \(id), \(endpoint.account), \(event), \
                \(WebhookEventType.test.rawValue), true, 'waiting', \(now), \(now), \(body))
                """, FindWebhookDelivery.one(delivery, write.tenant.id),
            ])
            guard let row = made[1].first else { throw Failure.fault }
            write.audit("webhook_endpoint.tested", object: ("webhook_endpoint", id.uuid), account: endpoint.account)
            return try WebhookDelivery(row).answer(202)
        }
    }
}
