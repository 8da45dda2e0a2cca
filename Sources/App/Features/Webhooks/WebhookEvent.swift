import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// What happened, as the world outside is told: IDs, and the few facts that belong to the event itself. Receivers ask for the rest.
package struct WebhookEvent: Sendable {
    package let id: EventID
    package let type: String
    package let objectKind: String
    package let objectID: UUID
    package let account: AccountID?
    package let sequence: Int64
    package let payload: String?
    package let occurredAt: Instant

    /// Of `outbox_events e`.
    static let columns: SQL = "e.id, e.type, e.object_kind, e.object_id, e.account_id, e.sequence, e.payload, e.occurred_at"

    init(_ row: Row) throws {
        var column = Columns(row)
        id = try column.next()
        type = try column.next()
        objectKind = try column.next()
        objectID = try column.next()
        account = try column.next()
        sequence = try column.next()
        payload = try column.next(PostgresJSON?.self)?.text
        occurredAt = try column.next()
    }

    /// A made-up one, to try an endpoint with.
    init(testing endpoint: WebhookEndpoint, id: EventID, at now: Instant) {
        self.id = id
        type = WebhookEventType.test.rawValue
        objectKind = "webhook_endpoint"
        objectID = endpoint.id.uuid
        account = endpoint.account
        sequence = 1
        payload = nil
        occurredAt = now
    }

    package var objectTypeID: String { AuditEvent.typeID(objectKind, objectID) }

    func write(to json: inout JSONWriter) { write(to: &json, payload: payload) }

    private func write(to json: inout JSONWriter, payload: String?) {
        json.object {
            $0.field("id", id)
            $0.field("object", "event")
            $0.field("type", type)
            $0.field("timestamp", occurredAt)
            $0.field("account_id", account)
            $0.field("sequence", sequence)
            $0.field(
                "data",
                object: { json in
                    json.field("object", objectKind)
                    json.field("id", objectTypeID)
                    if let payload { json.field("facts", json: Array(payload.utf8)) } else { json.nullField("facts") }
                })
        }
    }

    /// The body of the message: at most 20 kB, so facts that would not fit are left out.
    func body() -> String {
        func text(_ payload: String?) -> String {
            var json = JSONWriter()
            write(to: &json, payload: payload)
            return String(decoding: json.bytes, as: UTF8.self)
        }
        let whole = text(payload)
        return whole.utf8.count <= 20_000 ? whole : text(nil)
    }
}

/// Every type of event, for filters and for the document. Nothing is told under another name: what tells takes one of these.
package enum WebhookEventType: String, CaseIterable, Sendable {
    case accountCreated = "account.created"
    case accountEdited = "account.edited"
    case accountHandedOver = "account.handed_over"
    case accountMoved = "account.moved"
    case creditLotExpired = "credit_lot.expired"
    case departmentCreated = "department.created"
    case departmentDeleted = "department.deleted"
    case departmentEdited = "department.edited"
    case enrollmentCreated = "enrollment.created"
    case memberChanged = "member.changed"
    case memberInvited = "member.invited"
    case memberJoined = "member.joined"
    case memberRemoved = "member.removed"
    case paymentCancelled = "payment.cancelled"
    case paymentDeclined = "payment.declined"
    case paymentExpired = "payment.expired"
    case paymentFailed = "payment.failed"
    case paymentPartReceived = "payment.part_received"
    case paymentPending = "payment.pending"
    case paymentSucceeded = "payment.succeeded"
    case policyPublished = "policy.published"
    case remittanceMatched = "remittance.matched"
    case remittanceRecorded = "remittance.recorded"
    case remittanceReturned = "remittance.returned"
    case subscriptionActivated = "subscription.activated"
    case subscriptionCreated = "subscription.created"
    case subscriptionCreditLow = "subscription.credit_low"
    case subscriptionDebtWrittenOff = "subscription.debt_written_off"
    case subscriptionDeleted = "subscription.deleted"
    case subscriptionEdited = "subscription.edited"
    case subscriptionReactivated = "subscription.reactivated"
    case subscriptionReasonAdded = "subscription.reason_added"
    case subscriptionReasonLifted = "subscription.reason_lifted"
    case subscriptionServicesConfirmed = "subscription.services_confirmed"
    case subscriptionSuspended = "subscription.suspended"
    case subscriptionUpgraded = "subscription.upgraded"
    case test = "webhook_endpoint.test"

    /// What the document says of it.
    package var summary: String {
        switch self {
        case .accountCreated: "An account was made."
        case .accountEdited: "An account's name, zone, language or verification changed."
        case .accountHandedOver: "An account has another administrator."
        case .accountMoved: "An account moved to another department."
        case .creditLotExpired: "Credit expired; `data.id` is its subscription."
        case .departmentCreated: "A department was added."
        case .departmentDeleted: "A department was removed."
        case .departmentEdited: "A department's name, cost centre or quota changed."
        case .enrollmentCreated: "An enterprise agreement was made."
        case .memberChanged: "A member has another role."
        case .memberInvited: "Somebody was invited."
        case .memberJoined: "An invitation was accepted."
        case .memberRemoved: "A member's role, or an invitation, was taken away."
        case .paymentCancelled: "A payment that waited was called off."
        case .paymentDeclined: "A payment was declined."
        case .paymentExpired: "A payment was not made in time."
        case .paymentFailed: "A payment failed."
        case .paymentPartReceived: "A part of a payment has arrived."
        case .paymentPending: "A payment waits for its money."
        case .paymentSucceeded: "A payment was made."
        case .policyPublished: "A policy of an offer was published."
        case .remittanceMatched: "Money that arrived was given to a payment."
        case .remittanceRecorded: "Money arrived by bank transfer."
        case .remittanceReturned: "Money that nobody asked for went back."
        case .subscriptionActivated: "A subscription may be used."
        case .subscriptionCreated: "A subscription was ordered."
        case .subscriptionCreditLow: "Credit is low; `data.facts` holds `remaining`, `bought` and `lot_id`."
        case .subscriptionDebtWrittenOff: "What a deleted subscription owed was given up; `data.facts.amount` says how much."
        case .subscriptionDeleted:
            "A subscription and its data are gone; `data.facts.resources` names what it had used, until it is erased."
        case .subscriptionEdited: "A subscription's name, people, partner, department or terms changed."
        case .subscriptionReactivated: "A suspended subscription may be used again."
        case .subscriptionReasonAdded: "A suspended subscription has one reason more."
        case .subscriptionReasonLifted: "A suspended subscription has one reason less and stays suspended."
        case .subscriptionServicesConfirmed: "Its services were said to be set up again."
        case .subscriptionSuspended: "A subscription may not be used."
        case .subscriptionUpgraded: "A trial became prepaid."
        case .test: "Sent on request, to try an endpoint; `data.id` is the endpoint."
        }
    }

    /// A step of a subscription's history is told under its own name.
    package init(_ step: TransitionType) {
        self =
            switch step {
            case .created: .subscriptionCreated
            case .activated: .subscriptionActivated
            case .suspended: .subscriptionSuspended
            case .reasonAdded: .subscriptionReasonAdded
            case .reasonLifted: .subscriptionReasonLifted
            case .reactivated: .subscriptionReactivated
            case .upgraded: .subscriptionUpgraded
            case .servicesConfirmed: .subscriptionServicesConfirmed
            case .deleted: .subscriptionDeleted
            case .debtWrittenOff: .subscriptionDebtWrittenOff
            }
    }

    /// What an endpoint can be narrowed to.
    package static let selectable = allCases.filter { $0 != .test }
}
