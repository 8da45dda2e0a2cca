import Billing
import FoundationEssentials
import HTTP
import Outgoing
import Postgres
import Values

/// What an endpoint is to be.
package struct WebhookTerms: Sendable {
    package var url: String
    package var description: String
    package var eventTypes: [String]?

    package init(url: String, description: String = "", eventTypes: [String]? = nil) {
        self.url = url
        self.description = description
        self.eventTypes = eventTypes
    }

    /// - Throws: 422 that names the address or the type.
    func check(_ settings: WebhookSettings) throws {
        var faults: [FieldError] = []
        if let fault = Self.fault(of: url, settings) { faults.append(FieldError("/url", fault)) }
        if let eventTypes {
            if eventTypes.isEmpty { faults.append(FieldError("/event_types", "event_types_empty")) }
            let known = Set(WebhookEventType.selectable.map(\.rawValue))
            for (index, type) in eventTypes.enumerated() where !known.contains(type) {
                faults.append(FieldError("/event_types/\(index)", "unknown_event_type", ["type": type]))
            }
        }
        if !faults.isEmpty { throw Failure.invalid(faults) }
    }

    package static func fault(of url: String, _ settings: WebhookSettings) -> String? {
        do {
            _ = try OutgoingURL(url, settings.policy)
            return nil
        } catch {
            switch error {
            case .malformed: return "webhook_url_malformed"
            case .scheme: return "webhook_url_scheme"
            case .credentials: return "webhook_url_credentials"
            case .privateAddress: return "webhook_url_private"
            case .port: return "webhook_url_port"
            }
        }
    }
}

/// Adds an endpoint. Its secret is in this one answer and sealed at rest.
package struct CreateWebhookEndpoint: Sendable {
    /// So many of one account, or of the tenant itself.
    static let most: Int64 = 50

    let account: AccountID?
    let terms: WebhookTerms

    package init(account: AccountID?, terms: WebhookTerms) {
        self.account = account
        self.terms = terms
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        let owner = try await ListAPIKeys.keyOwner(account, context)
        let configuration = context.dependencies.configuration
        try terms.check(configuration.webhooks)
        let now = context.dependencies.realNow()
        return try await context.command(options) { write in
            let rows = try await write.begin([
                """
                select count(*) from webhook_endpoints where tenant_id = \(write.tenant.id) and state <> 'deleted' \
                and account_id is not distinct from \(owner)
                """
            ])
            guard try rows[0][0].get(0, as: Int64.self) < Self.most else {
                throw Failure.conflict(code: "too_many_webhook_endpoints", arguments: ["most": String(Self.most)])
            }
            let id: WebhookEndpointID = write.newID()
            let secret = WebhookSecret.fresh(context.dependencies)
            var creator: UserID?
            if case .user(let user, _, _, _) = write.principal { creator = user }
            let made = try await write.query([
                """
                insert into webhook_endpoints (tenant_id, id, account_id, url, description, event_types, state, secret, created_by, created_at, \
                updated_at) values (\(write.tenant.id), \(id), \(owner), \(terms.url), \(terms.description), \(terms.eventTypes), 'enabled', \
                \(try secret.sealed(for: id, configuration)), \(creator), \(now), \(now))
                """, WebhookEndpoint.one(id, write.tenant.id),
            ])
            guard let endpoint = try made[1].first.map(WebhookEndpoint.init) else { throw Failure.fault }
            write.audit("webhook_endpoint.created", object: ("webhook_endpoint", id.uuid), account: owner)
            // A dry run shows no secret: the one that it made is never stored.
            return endpoint.answer(201, secret: options.dryRun ? nil : secret.text)
        }
    }
}

/// Changes an endpoint's address, words or types, or switches it off and on.
package struct EditWebhookEndpoint: Sendable {
    /// Nil leaves as it is; an inner nil takes the filter away.
    package struct Changes: Sendable {
        package var url: String?
        package var description: String?
        package var eventTypes: [String]??
        package var isEnabled: Bool?
        package init() {}
    }

    let id: WebhookEndpointID
    let changes: Changes
    let ifMatch: String?

    package init(id: WebhookEndpointID, changes: Changes, ifMatch: String? = nil) {
        self.id = id
        self.changes = changes
        self.ifMatch = ifMatch
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        _ = try await FindWebhookEndpoint.byID(id, context)
        let now = context.dependencies.realNow()
        return try await context.command(options) { write in
            let (before, tenant) = (try await write.webhookEndpoint(id, ifMatch), write.tenant.id)
            var endpoint = before
            if let url = changes.url { endpoint.url = url }
            if let words = changes.description { endpoint.description = words }
            if let types = changes.eventTypes { endpoint.eventTypes = types }
            if let isEnabled = changes.isEnabled, isEnabled != (endpoint.state == .enabled) {
                endpoint.state = isEnabled ? .enabled : .disabled
                endpoint.disabledReason = isEnabled ? nil : .requested
                endpoint.disabledAt = isEnabled ? nil : now
            }
            try WebhookTerms(url: endpoint.url, description: endpoint.description, eventTypes: endpoint.eventTypes)
                .check(context.dependencies.configuration.webhooks)
            guard endpoint.auditText != before.auditText else { return before.answer() }
            endpoint.version += 1
            endpoint.updatedAt = now
            let isSwitchedOn = endpoint.state == .enabled && before.state != .enabled
            // What failed at the former address says nothing of the new one.
            let beginsAnew = isSwitchedOn || endpoint.url != before.url
            write.enqueue(
                """
                update webhook_endpoints set url = \(endpoint.url), description = \(endpoint.description), event_types = \(endpoint.eventTypes), \
                state = \(endpoint.state), disabled_reason = \(endpoint.disabledReason), disabled_at = \(endpoint.disabledAt), \
                failing_since = case when \(beginsAnew) then null else failing_since end, version = \(endpoint.version), \
                updated_at = \(now) where tenant_id = \(tenant) and id = \(id)
                """)
            // What waited meanwhile is due at once.
            if isSwitchedOn {
                write.enqueue(
                    """
                    update webhook_deliveries set next_attempt_at = \(now) where tenant_id = \(tenant) and endpoint_id = \(id) \
                    and status = 'waiting' and next_attempt_at > \(now)
                    """)
            }
            write.audit(
                "webhook_endpoint.edited", object: ("webhook_endpoint", id.uuid), account: endpoint.account,
                from: before.state.rawValue, to: endpoint.state.rawValue, details: (before.auditText, endpoint.auditText))
            return endpoint.answer()
        }
    }
}

/// Ends an endpoint: nothing more is sent, its secrets are gone, its log stays for as long as every log of deliveries.
package struct DeleteWebhookEndpoint: Sendable {
    let id: WebhookEndpointID
    let ifMatch: String?

    package init(id: WebhookEndpointID, ifMatch: String? = nil) {
        self.id = id
        self.ifMatch = ifMatch
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        _ = try await FindWebhookEndpoint.byID(id, context)
        let now = context.dependencies.realNow()
        return try await context.command(options) { write in
            var endpoint = try await write.webhookEndpoint(id, ifMatch)
            endpoint.state = .deleted
            endpoint.disabledReason = nil
            endpoint.disabledAt = nil
            endpoint.previousUntil = nil
            endpoint.version += 1
            endpoint.updatedAt = now
            write.enqueue(
                """
                update webhook_endpoints set state = 'deleted', disabled_reason = null, disabled_at = null, secret = null, previous_secret = null, \
                previous_until = null, version = \(endpoint.version), updated_at = \(now) where tenant_id = \(write.tenant.id) and id = \(id)
                """)
            write.enqueue(
                """
                update webhook_deliveries set status = 'failed', next_attempt_at = null, error = 'endpoint_deleted' \
                where tenant_id = \(write.tenant.id) and endpoint_id = \(id) and status = 'waiting'
                """)
            write.audit("webhook_endpoint.deleted", object: ("webhook_endpoint", id.uuid), account: endpoint.account)
            return endpoint.answer()
        }
    }
}

/// A new secret. Messages carry a signature of either until the old one ends, so that receivers can change over without a gap.
package struct RotateWebhookSecret: Sendable {
    /// In seconds.
    static let overlapStandard: Int64 = 86_400
    static let overlapLongest: Int64 = 7 * 86_400

    let id: WebhookEndpointID
    let overlapSeconds: Int64

    package init(id: WebhookEndpointID, overlapSeconds: Int64?) {
        self.id = id
        self.overlapSeconds = overlapSeconds ?? Self.overlapStandard
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        _ = try await FindWebhookEndpoint.byID(id, context)
        let now = context.dependencies.realNow()
        return try await context.command(options) { write in
            var endpoint = try await write.webhookEndpoint(id, nil)
            let secret = WebhookSecret.fresh(context.dependencies)
            endpoint.previousUntil = now.adding(seconds: overlapSeconds)
            endpoint.version += 1
            endpoint.updatedAt = now
            write.enqueue(
                """
                update webhook_endpoints set previous_secret = secret, previous_until = \(endpoint.previousUntil), \
                secret = \(try secret.sealed(for: id, context.dependencies.configuration)), version = \(endpoint.version), updated_at = \(now) \
                where tenant_id = \(write.tenant.id) and id = \(id)
                """)
            write.audit("webhook_endpoint.rotated", object: ("webhook_endpoint", id.uuid), account: endpoint.account)
            return endpoint.answer(secret: options.dryRun ? nil : secret.text)
        }
    }
}

extension Write {
    /// The endpoint, locked, in the first flush.
    fileprivate func webhookEndpoint(_ id: WebhookEndpointID, _ ifMatch: String?) async throws -> WebhookEndpoint {
        let rows = try await begin([WebhookEndpoint.one(id, tenant.id, locked: true)])
        guard let endpoint = try rows[0].first.map(WebhookEndpoint.init) else { throw Failure.notFound }
        try Failure.requireMatch(ifMatch, endpoint.etag)
        return endpoint
    }
}
