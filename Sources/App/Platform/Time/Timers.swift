import Postgres
import FoundationEssentials
import Values

/// A deadline that waits. `allCases` is the order in which those of one instant run: a lot is forfeited before its subscription's data goes.
package enum TimerKind: String, CaseIterable, Sendable {
    case lotExpiry = "lot_expiry"
    /// Before the order that waits for it.
    case paymentExpiry = "payment_expiry"
    case pendingLapse = "pending_lapse"
    case subscriptionDeletion = "subscription_deletion"
}

extension Write {
    /// Sets or moves the one timer of this kind and subject.
    package func setTimer(_ kind: TimerKind, subject: UUID, subscription: SubscriptionID, due: Instant) {
        enqueue(
            """
            insert into timers (tenant_id, kind, subject_id, subscription_id, due_at) \
            values (\(tenant.id), \(kind.rawValue), \(subject), \(subscription), \(due)) \
            on conflict (tenant_id, kind, subject_id) do update set due_at = excluded.due_at, attempts = 0, retry_at = null, last_error = null
            """)
    }

    package func clearTimer(_ kind: TimerKind, subject: UUID) {
        enqueue("delete from timers where tenant_id = \(tenant.id) and kind = \(kind.rawValue) and subject_id = \(subject)")
    }
}
