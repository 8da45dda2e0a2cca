import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// An address that is told what happens: to one account, or to everything of the tenant.
package struct WebhookEndpoint: Sendable {
    package enum State: String, Sendable, CaseIterable, PostgresWord { case enabled, disabled, deleted }
    package enum DisabledReason: String, Sendable, CaseIterable, PostgresWord {
        case requested
        /// It answered 410.
        case gone
        /// Nothing had arrived for as long as an event is tried.
        case failing
    }

    package let id: WebhookEndpointID
    package let account: AccountID?
    package var url: String
    package var description: String
    package var eventTypes: [String]?
    package var state: State
    package var disabledReason: DisabledReason?
    package var disabledAt: Instant?
    package var previousUntil: Instant?
    package let failingSince: Instant?
    package var version: Int64
    package let createdAt: Instant
    package var updatedAt: Instant

    /// Of `webhook_endpoints w`. The secrets are read only to sign.
    static let columns: SQL = """
        w.id, w.account_id, w.url, w.description, w.event_types, w.state, w.disabled_reason, w.disabled_at, w.previous_until, w.failing_since, \
        w.version, w.created_at, w.updated_at
        """

    init(_ row: Row) throws {
        var column = Columns(row)
        id = try column.next()
        account = try column.next()
        url = try column.next()
        description = try column.next()
        eventTypes = try column.next()
        state = try column.next()
        disabledReason = try column.next()
        disabledAt = try column.next()
        previousUntil = try column.next()
        failingSince = try column.next()
        version = try column.next()
        createdAt = try column.next()
        updatedAt = try column.next()
    }

    package var etag: String { "\"\(version)\"" }
    /// It is switched on, and nothing arrives.
    var isFailing: Bool { state == .enabled && failingSince != nil }

    static func one(_ id: WebhookEndpointID, _ tenant: TenantID, locked: Bool = false) -> SQL {
        """
        select \(columns) from webhook_endpoints w where w.tenant_id = \(tenant) and w.id = \(id) and w.state <> 'deleted' \
        \(unsafeSQL: locked ? "for no key update" : "")
        """
    }

    func write(to json: inout JSONWriter, secret: String? = nil) {
        json.object {
            $0.field("id", id)
            $0.field("object", "webhook_endpoint")
            $0.field("account_id", account)
            $0.field("url", url)
            $0.field("description", description)
            if let eventTypes { $0.field("event_types", words: eventTypes) } else { $0.nullField("event_types") }
            $0.field("state", state.rawValue)
            $0.field("disabled_reason", disabledReason?.rawValue)
            $0.field("disabled_at", disabledAt)
            $0.field("failing_since", failingSince)
            $0.field("previous_secret_until", previousUntil)
            $0.field("created_at", createdAt)
            $0.field("updated_at", updatedAt)
            if let secret { $0.field("secret", secret) }
        }
    }

    func answer(_ status: Int = 200, secret: String? = nil) -> Answer {
        func body(_ secret: String?) -> [UInt8] {
            var json = JSONWriter()
            write(to: &json, secret: secret)
            return json.bytes
        }
        var answer = Answer(
            status: status, body: body(secret), location: status == 201 ? Endpoint.getWebhookEndpoint.path(id.description) : nil,
            etag: etag, objectID: id.uuid)
        if secret != nil { answer.keptBody = body(nil) }
        return answer
    }

    /// What the audit keeps of it.
    var auditText: String {
        jsonText {
            $0.field("url", url)
            $0.field("description", description)
            if let eventTypes { $0.field("event_types", words: eventTypes) } else { $0.nullField("event_types") }
            $0.field("state", state.rawValue)
        }
    }
}

package enum FindWebhookEndpoint {
    /// - Throws: not found for one that is not theirs; forbidden for a role that manages none.
    package static func byID(_ id: WebhookEndpointID, _ context: TenantContext) async throws -> WebhookEndpoint {
        let endpoint = try await any(id, context)
        try await FindAPIKey.requireManager(of: endpoint.account, context)
        return endpoint
    }

    static func confirmVisible(_ id: WebhookEndpointID, _ context: TenantContext) async throws {
        try await confirmVisible(account: try await any(id, context).account, context)
    }

    static func confirmVisible(account: AccountID?, _ context: TenantContext) async throws {
        guard let account else {
            if !context.principal.isOperator { throw Failure.notFound }
            return
        }
        _ = try await account.seen(by: context)
    }

    private static func any(_ id: WebhookEndpointID, _ context: TenantContext) async throws -> WebhookEndpoint {
        let rows = try await context.read(WebhookEndpoint.one(id, context.tenant.id)).rows
        guard let endpoint = try rows.first.map(WebhookEndpoint.init) else { throw Failure.notFound }
        return endpoint
    }
}
