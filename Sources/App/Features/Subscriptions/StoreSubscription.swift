import Billing
import FoundationEssentials
import Postgres
import Values

extension Write {
    /// Opens the transaction with the subscription's row locked, in one flush; answers its row, its lots, and then the statements' rows.
    ///
    /// The lock is a statement of its own: a join that waits for a lock takes the changed row, but everything else from before the wait, and would
    /// lose its policy after an upgrade or its service administrator after a hand-over.
    func begin(locking id: SubscriptionID, _ statements: [SQL] = []) async throws -> [Rows] {
        let lock: SQL = "select from subscriptions where tenant_id = \(tenant.id) and id = \(id) for no key update"
        return Array(try await begin([lock] + SubscriptionQueries.one(tenant.id, id) + statements).dropFirst())
    }

    /// Loads the subscription with its row locked, in the first flush.
    ///
    /// - Throws: `Failure.notFound` when it is not there or nothing of the principal's.
    func lockSubscription(_ id: SubscriptionID, also statements: [SQL] = []) async throws -> (
        Subscription, roles: Set<Role>, rows: [Rows]
    ) {
        let rows = try await begin(locking: id, statements)
        guard let subscription = try SubscriptionQueries.decode(rows[0], lots: rows[1]).first else { throw Failure.notFound }
        let roles = principal.roles(on: subscription.belonging)
        guard !roles.isEmpty else { throw Failure.notFound }
        return (subscription, roles, Array(rows[2...]))
    }

    /// Takes a lifecycle decision over: the row, its history, its deadline, its suspension interval. One decision, one place.
    func store(_ decision: LifecycleDecision, to subscription: inout Subscription, note: String? = nil, payload: String? = nil) {
        let before = subscription.facts
        subscription.facts = decision.facts
        subscription.updatedAt = now
        for step in decision.transitions {
            recordTransition(
                of: &subscription, type: step.type, rule: step.rule, reason: step.reason?.rawValue, from: step.from,
                to: step.to,
                note: note, payload: payload)
        }
        if before.state != .suspended && decision.facts.state == .suspended { openInterval(of: subscription) }
        if before.state == .suspended && decision.facts.state != .suspended { closeInterval(of: subscription) }
        if before.deleteAt != decision.facts.deleteAt || decision.facts.state == .deleted { storeDeadline(of: subscription) }
        if before.lapseAt != decision.facts.lapseAt { storeLapse(of: subscription) }
        storeRow(subscription)
    }

    /// Writes every column that a decision may have changed. `version` must have been raised by whoever changed something.
    func storeRow(_ subscription: Subscription) {
        let facts = subscription.facts
        enqueue(
            """
            update subscriptions set offer = \(facts.offer), policy_version = \(Int32(subscription.policy.version)), state = \(facts.state), \
            suspension_reasons = \(facts.reasons.rawValues), name = \(subscription.name), \
            service_administrator_id = \(subscription.serviceAdministrator?.id), partner_id = \(subscription.partner?.id), \
            outstanding_minor = \(subscription.outstandingMinor), \
            written_off_minor = \(subscription.writtenOffMinor), written_off_at = \(subscription.writtenOffAt), services_configured = \(facts.servicesConfigured), \
            activated_at = \(facts.activatedAt), suspended_at = \(facts.suspendedAt), delete_at = \(facts.deleteAt), \
            deleted_at = \(facts.deletedAt), lapse_at = \(facts.lapseAt), version = \(subscription.version), updated_at = \(subscription.updatedAt) \
            where tenant_id = \(tenant.id) and id = \(subscription.id)
            """)
    }

    private func openInterval(of subscription: Subscription) {
        enqueue(
            """
            insert into suspension_intervals (tenant_id, subscription_id, suspended_at, sequence) \
            values (\(tenant.id), \(subscription.id), \(now), \(subscription.version))
            """)
    }

    private func closeInterval(of subscription: Subscription) {
        enqueue(
            """
            update suspension_intervals set reactivated_at = \(now) \
            where tenant_id = \(tenant.id) and subscription_id = \(subscription.id) and reactivated_at is null
            """)
    }

    private func storeDeadline(of subscription: Subscription) {
        if subscription.state == .suspended, let due = subscription.facts.deleteAt {
            setTimer(.subscriptionDeletion, subject: subscription.id.uuid, subscription: subscription.id, due: due)
        } else {
            clearTimer(.subscriptionDeletion, subject: subscription.id.uuid)
        }
        setDeletionCountdown(of: subscription)
    }

    private func storeLapse(of subscription: Subscription) {
        if let due = subscription.facts.lapseAt {
            setTimer(.pendingLapse, subject: subscription.id.uuid, subscription: subscription.id, due: due)
        } else {
            clearTimer(.pendingLapse, subject: subscription.id.uuid)
        }
    }
}

/// Calls a rule of the lifecycle and turns its refusal into an answer, with the dates that help.
func decided(_ subscription: Subscription, _ rule: () throws(LifecycleRefusal) -> LifecycleDecision) throws -> LifecycleDecision {
    do {
        return try rule()
    } catch {
        throw Failure(
            error,
            [
                "offer": subscription.offer.rawValue, "state": subscription.state.rawValue,
                "reasons": subscription.facts.reasons.rawValues.joined(separator: ", "),
                "delete_at": subscription.facts.deleteAt?.rfc3339 ?? "",
                "minimum": subscription.policy.minimumPayment.words, "currency": subscription.currency.code,
            ])
    }
}
