import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// Who did what. The event holds IDs; what it says of names and addresses stands beside it until it is erased.
package struct AuditEvent: Sendable {
    package let id: AuditID
    package let at: Instant
    package let action: String
    package let actor: KnownActor
    package let objectKind: String
    package let objectID: UUID
    package let account: AccountID?
    package let reason: String?
    package let from: String?
    package let to: String?
    package let requestID: String?
    package let before: String?
    package let after: String?
    /// The address that the request came from; of the provider's own people for the provider alone.
    package let ip: String?

    static let columns: SQL = """
        e.id, e.at, e.action, \(KnownActor.columns(of: "e", "e.tenant_id")), e.object_kind, e.object_id, e.account_id, e.reason, e.from_state, e.to_state, \
        e.request_id, d.before, d.after, d.ip
        """

    init(_ row: Row, _ context: TenantContext) throws {
        var column = Columns(row)
        id = try column.next()
        at = try column.next()
        action = try column.next()
        actor = try column.knownActor(context)
        objectKind = try column.next()
        objectID = try column.next()
        account = try column.next()
        reason = try column.next()
        from = try column.next()
        to = try column.next()
        requestID = try column.next()
        before = try column.next(PostgresJSON?.self)?.text
        after = try column.next(PostgresJSON?.self)?.text
        let address: String? = try column.next()
        ip = actor.isTheProvider ? nil : address
    }

    /// The object's TypeID; its kind says which.
    package var objectTypeID: String { Self.typeID(objectKind, objectID) }

    static func typeID(_ kind: String, _ id: UUID) -> String {
        switch kind {
        case "subscription": SubscriptionID(id).description
        case "account": AccountID(id).description
        case "enrollment": EnrollmentID(id).description
        case "department": DepartmentID(id).description
        case "partner": PartnerID(id).description
        case "payment": PaymentID(id).description
        case "credit_lot": LotID(id).description
        case "user": UserID(id).description
        case "api_key": APIKeyID(id).description
        case "member": MemberID(id).description
        case "handover": HandoverID(id).description
        case "order": OrderID(id).description
        case "identity_request": IdentityRequestID(id).description
        case "notification": MailID(id).description
        case "account_note": AccountNoteID(id).description
        case "account_view": AccountViewID(id).description
        case "policy_draft": PolicyDraftID(id).description
        case "remittance": RemittanceID(id).description
        case "bank_account": BankAccountID(id).description
        case "webhook_endpoint": WebhookEndpointID(id).description
        case "webhook_delivery": WebhookDeliveryID(id).description
        case "tenant": TenantID(id).description
        default: id.uuidString.lowercased()
        }
    }

    func write(to json: inout JSONWriter) {
        json.object {
            $0.field("id", id)
            $0.field("at", at)
            $0.field("action", action)
            $0.field("actor", actor)
            $0.field(
                "object",
                object: {
                    $0.field("kind", objectKind)
                    $0.field("id", objectTypeID)
                })
            $0.field("account_id", account)
            $0.field("reason", reason)
            $0.field("from", from)
            $0.field("to", to)
            $0.field("ip", ip)
            $0.field("request_id", requestID)
            if let before { $0.field("before", json: Array(before.utf8)) } else { $0.nullField("before") }
            if let after { $0.field("after", json: Array(after.utf8)) } else { $0.nullField("after") }
        }
    }
}
