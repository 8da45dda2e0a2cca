import Billing
import FoundationEssentials
import Postgres
import Values

/// A notice that waits for its day. `allCases` is the order in which those of one instant are given.
package enum NoticeKind: String, CaseIterable, Sendable {
    case creditExpiring = "credit_expiring"
    case deletionCountdown = "deletion_countdown"
    case balanceNotice = "balance_notice"
    case termEnds = "term_ends"
}

extension Write {
    /// Sets or moves the one notice of this kind and subject.
    func setNotice(_ kind: NoticeKind, subject: UUID, account: AccountID?, subscription: SubscriptionID?, due: Instant) {
        enqueue(
            """
            insert into notice_timers (tenant_id, kind, subject_id, account_id, subscription_id, due_at) \
            values (\(tenant.id), \(kind.rawValue), \(subject), \(account), \(subscription), \(due)) \
            on conflict (tenant_id, kind, subject_id) do update set due_at = excluded.due_at, account_id = excluded.account_id, attempts = 0, \
            retry_at = null, last_error = null
            """)
    }

    func clearNotice(_ kind: NoticeKind, subject: UUID) {
        enqueue(
            "delete from notice_timers where tenant_id = \(tenant.id) and kind = \(kind.rawValue) and subject_id = \(subject)")
    }

    /// Each letter about the end of an agreement's term sets the next one; after the last there is none.
    func setTermNotice(of enrollment: EnrollmentID, endsOn: CivilDate) {
        let zone = TimeZoneRule(identifier: tenant.timeZone) ?? .utc
        guard let due = EnrollmentNotices.nextTermLetter(after: now, endsOn: endsOn, in: zone) else {
            return clearNotice(.termEnds, subject: enrollment.uuid)
        }
        setNotice(.termEnds, subject: enrollment.uuid, account: nil, subscription: nil, due: due)
    }

    /// With new credit comes the warning before its end, and its account hears of its balance every Monday (M13).
    func setCreditNotices(ofLot lot: LotID, expiring: Instant, of subscription: Subscription) {
        setNotice(
            .creditExpiring, subject: lot.uuid, account: subscription.accountID, subscription: subscription.id,
            due: LowCredit.notice(ofExpiry: expiring, offer: subscription.policy.offer, in: subscription.zone))
        enqueue(
            """
            insert into notice_timers (tenant_id, kind, subject_id, account_id, due_at) values (\(tenant.id), \(NoticeKind.balanceNotice.rawValue), \
            \(subscription.accountID), \(subscription.accountID), \(BalanceNotice.next(after: now, in: subscription.zone))) \
            on conflict (tenant_id, kind, subject_id) do nothing
            """)
    }

    /// The countdown follows the deadline: it begins with a suspension and ends with it.
    func setDeletionCountdown(of subscription: Subscription) {
        guard subscription.state == .suspended, let suspendedAt = subscription.facts.suspendedAt,
            let deleteAt = subscription.facts.deleteAt,
            let due = DeletionCountdown.next(after: now, suspendedAt: suspendedAt, deleteAt: deleteAt)
        else { return clearNotice(.deletionCountdown, subject: subscription.id.uuid) }
        setNotice(
            .deletionCountdown, subject: subscription.id.uuid, account: subscription.accountID, subscription: subscription.id,
            due: due)
    }

    /// Credit that has just become low leaves an event, in the transaction that settled the usage.
    func warnIfLow(_ subscription: Subscription, before: [CreditLot]) {
        guard
            let level = LowCredit.reached(from: before, to: subscription.credit, currency: subscription.currency, at: now)
        else { return }
        emit(
            .subscriptionCreditLow, object: ("subscription", subscription.id.uuid), account: subscription.accountID,
            sequence: subscription.version,
            payload: jsonText {
                $0.field("remaining", level.remaining)
                $0.field("bought", level.bought)
                $0.field("lot_id", level.lot)
            })
    }
}
