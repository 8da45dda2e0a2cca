import Billing
import FoundationEssentials
import Postgres
import Values

extension Write {
    /// L9: what a transition leaves behind, in its own transaction: the step in the subscription's history, the audit event, the outgoing event.
    ///
    /// `payload` is what receivers need beyond IDs; it is erased when the subscription is deleted.
    package func recordTransition(
        of subscription: inout Subscription, type: TransitionType, rule: String, reason: String?, from: SubscriptionState?,
        to: SubscriptionState,
        note: String? = nil, payload: String? = nil, details: (before: String, after: String)? = nil
    ) {
        subscription.version += 1
        enqueue(
            """
            insert into transition_events (tenant_id, id, subscription_id, sequence, at, type, rule, actor_kind, actor_id, reason, from_state, to_state, note) \
            values (\(tenant.id), \(newID(TransitionID.self)), \(subscription.id), \(subscription.version), \(now), \(type.rawValue), \(rule), \
            \(actor.kind.rawValue), \(actor.id), \(reason), \(from?.rawValue), \(to.rawValue), \(note))
            """)
        audit(
            type.rawValue, object: ("subscription", subscription.id.uuid), account: subscription.accountID, reason: reason,
            from: from?.rawValue, to: to.rawValue, details: details,
            // Nothing stays with a subscription that was deleted before (L3): what is said of it later is its account's.
            detailsOf: from == .deleted ? subscription.accountID.uuid : nil)
        emit(
            WebhookEventType(type), object: ("subscription", subscription.id.uuid), account: subscription.accountID,
            sequence: subscription.version,
            payload: payload)
    }

    /// Who did what to which object, in IDs only. What names or addresses changed goes into `details`, which can be erased (L3), and so does the
    /// address of the request.
    ///
    /// `detailsOf`: whose erasure takes the details along, where it is not the object's.
    ///
    /// `enrollment`: the agreement that the object belongs to, where neither the object nor its account says so.
    package func audit(
        _ action: String, object: (kind: String, id: UUID), account: AccountID? = nil, enrollment: EnrollmentID? = nil,
        reason: String? = nil, from: String? = nil, to: String? = nil, details: (before: String, after: String)? = nil,
        detailsOf: UUID? = nil
    ) {
        let id: AuditID = newID()
        let agreement: SQL =
            if let enrollment { "\(enrollment)" } else if object.kind == "enrollment" { "\(object.id)" } else if let account {
                "(select v.enrollment_id from accounts v where v.tenant_id = \(tenant.id) and v.id = \(account))"
            } else { "null" }
        enqueue(
            """
            insert into audit_events (tenant_id, id, at, action, actor_kind, actor_id, object_kind, object_id, account_id, enrollment_id, reason, \
            from_state, to_state, request_id, recorded_at) values (\(tenant.id), \(id), \(now), \(action), \(actor.kind.rawValue), \(actor.id), \
            \(object.kind), \(object.id), \(account), \(agreement), \(reason), \(from), \(to), \(requestID), \(dependencies.realNow()))
            """)
        if details != nil || remoteAddress != nil {
            enqueue(
                """
                insert into audit_details (tenant_id, audit_event_id, object_id, before, after, ip) \
                values (\(tenant.id), \(id), \(detailsOf ?? object.id), \(details.map { PostgresJSON($0.before) }), \(details.map { PostgresJSON($0.after) }), \
                \(remoteAddress.map { String($0.prefix(64)) }))
                """)
        }
    }

    /// An event for the world outside, in the same transaction as its cause; whoever delivers it does so at least once, under this ID.
    package func emit(
        _ type: WebhookEventType, object: (kind: String, id: UUID), account: AccountID?, sequence: Int64, payload: String? = nil
    ) {
        enqueue(
            """
            insert into outbox_events (tenant_id, id, type, object_kind, object_id, account_id, sequence, payload, occurred_at, webhooks_due) \
            values (\(tenant.id), \(newID(EventID.self)), \(type.rawValue), \(object.kind), \(object.id), \(account), \(sequence), \
            \(payload.map(PostgresJSON.init)), \(now), \
            exists (select from webhook_endpoints where tenant_id = \(tenant.id) and state = 'enabled'))
            """)
    }
}
