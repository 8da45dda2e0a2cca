import Postgres
import Values

/// How many of the messages of the last 24 hours that were tried have arrived at one endpoint.
package struct WebhookSuccess: Sendable {
    /// The latest so many say it.
    private static let countedAtMost: Int64 = 10_000

    package let delivered: Int64
    package let tried: Int64

    /// Rounded down: 100 is all of them.
    package var percent: Int64 { tried == 0 ? 0 : delivered * 100 / tried }

    package static func lastDay(of endpoints: [WebhookEndpointID], _ context: TenantContext) async throws -> [WebhookEndpointID:
        WebhookSuccess]
    {
        guard !endpoints.isEmpty else { return [:] }
        let (tenant, since) = (context.tenant.id, context.dependencies.realNow().adding(days: -1))
        let rows = try await context.read(
            """
            select w.id, q.delivered, q.tried from webhook_endpoints w cross join lateral (select count(*) filter (where status = 'succeeded') \
            as delivered, count(*) filter (where status <> 'waiting' or error is not null) as tried from (select d.status, d.error \
            from webhook_deliveries d where d.tenant_id = \(tenant) and d.endpoint_id = w.id and d.created_at >= \(since) \
            order by d.created_at desc, d.id desc limit \(countedAtMost)) o) q where w.tenant_id = \(tenant) and w.id = any(\(endpoints))
            """
        ).rows
        var found: [WebhookEndpointID: WebhookSuccess] = [:]
        for row in rows { found[try row.get(0)] = WebhookSuccess(delivered: try row.get(1), tried: try row.get(2)) }
        return found
    }
}
