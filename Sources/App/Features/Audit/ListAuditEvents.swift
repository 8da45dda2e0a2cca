import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// What the audit log is narrowed to; the same words in the portal's address and in the API.
package struct AuditFilter: Sendable, Equatable {
    package var account: AccountID?
    package var enrollment: EnrollmentID?
    package var object: UUID?
    /// An e-mail address, or the ID of a person or a key.
    package var actor: String?
    package var actorKind: Actor.Kind?
    package var request: String?
    package var action: String?
    /// Any of these.
    var actions: [String] = []
    package var from: Instant?
    package var to: Instant?

    package init() {}

    /// The rows of `audit_events` called `e` that it leaves, among those that the principal may see.
    package func condition(_ context: TenantContext) -> SQL {
        let tenant = context.tenant.id
        var condition: SQL = "e.tenant_id = \(tenant) \(Visibility.ofAudit(to: context.principal, tenant))"
        if let account { condition = "\(condition) and e.account_id = \(account)" }
        if let enrollment { condition = "\(condition) and e.enrollment_id = \(enrollment)" }
        if let object { condition = "\(condition) and e.object_id = \(object)" }
        if let actor { condition = "\(condition) and \(Self.done(by: actor, context))" }
        if let request { condition = "\(condition) and \(Self.asked(by: request))" }
        if let actorKind { condition = "\(condition) and e.actor_kind = \(actorKind.rawValue)" }
        if let action { condition = "\(condition) and e.action = \(action)" }
        if !actions.isEmpty { condition = "\(condition) and e.action = any(\(actions))" }
        if let from { condition = "\(condition) and e.at >= \(from)" }
        if let to { condition = "\(condition) and e.at < \(to)" }
        return condition
    }

    /// What a request did. Our own name of it says when it came: what it did was written within the day after, which the events' IDs tell.
    static func asked(by request: String) -> SQL {
        // A caller's own name of it says nothing; those have an index, which holds no name that looks like ours.
        guard request.hasPrefix("req_"), request.utf8.count == 30 else {
            return "(e.request_id = \(request) and not (e.request_id like 'req\\_%' and length(e.request_id) = 30))"
        }
        guard let id = UUID(anyID: request) else { return "e.request_id = \(request)" }
        let came = UUIDv7.instant(of: UUIDBits(id))
        let (first, last) = (
            UUIDv7.make(at: came, random: (0, 0)).uuid, UUIDv7.make(at: came.adding(days: 1), random: (0, 0)).uuid
        )
        return "e.request_id = \(request) and e.id >= \(first) and e.id < \(last)"
    }

    /// By an address nobody but the provider finds what the provider's own people did: whose it is would be told by what is found.
    static func done(by actor: String, _ context: TenantContext) -> SQL {
        if let id = UUID(anyID: actor) { return "e.actor_id = \(id)" }
        let person: SQL =
            "e.actor_id in (select u.id from users u where u.tenant_id = \(context.tenant.id) and u.email = \(actor.lowercased()))"
        return context.principal.isOperator ? person : "(\(person) and e.actor_kind <> 'operator')"
    }
}

package enum ListAuditEvents {
    static let source: SQL =
        "from audit_events e left join audit_details d on d.tenant_id = e.tenant_id and d.audit_event_id = e.id"

    package static func run(
        _ filter: AuditFilter, _ page: PageRequest, _ context: TenantContext
    ) async throws -> ListPage<AuditEvent> {
        try allow(context.principal)
        let rows = try await context.read(
            "select \(AuditEvent.columns) \(source) where \(filter.condition(context)) \(page.tail(at: "e.at", id: "e.id"))"
        ).rows
        return ListPage(try rows.map { try AuditEvent($0, context) }, limit: page.limit) { ($0.at, $0.id.uuid) }
    }

    /// A key's role is one for all that it sees; a person's differs by account, and `Visibility` shows her only what she administers.
    static func allow(_ principal: Principal) throws {
        if case .key(_, _, let role, _) = principal, !Permission.allows(role, .seeAudit, in: .standard) {
            throw Failure.roleForbids(.seeAudit)
        }
    }
}

/// One event of the log, for whoever may see it.
package enum FindAuditEvent {
    package static func byID(_ id: AuditID, _ context: TenantContext) async throws -> AuditEvent {
        let event = try await visible(id, context)
        try ListAuditEvents.allow(context.principal)
        return event
    }

    static func confirmVisible(_ id: AuditID, _ context: TenantContext) async throws { _ = try await visible(id, context) }

    private static func visible(_ id: AuditID, _ context: TenantContext) async throws -> AuditEvent {
        let rows = try await context.read(
            """
            select \(AuditEvent.columns) \(ListAuditEvents.source) where \(AuditFilter().condition(context)) and e.id = \(id)
            """
        ).rows
        guard let row = rows.first else { throw Failure.notFound }
        return try AuditEvent(row, context)
    }
}

extension UUID {
    /// A TypeID of any kind, or a plain UUID.
    init?(anyID text: String) {
        if let uuid = UUID(uuidString: text) {
            self = uuid
            return
        }
        guard text.utf8.count == 30, let bits = TypeIDSuffix.decode(text.utf8.suffix(26)) else { return nil }
        self = bits.uuid
    }
}
