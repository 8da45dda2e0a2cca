import Billing
import FoundationEssentials
import Postgres
import Values

/// What letters say of a suspension and the way out of it.
enum SuspensionFacts {
    static func of(
        _ subscription: Subscription, reasons: [SuspensionReason], suspendedAt: Instant, deleteAt: Instant, _ write: Write
    ) async throws -> [String: LetterFact] {
        var facts: [String: LetterFact] = [
            "reason": .words(reasons.map { "reason.\($0.rawValue)" }),
            "suspended_at": .instant(suspendedAt),
            "delete_at": .instant(deleteAt),
        ]
        let way = WayBack.all(reasons, subscription.offer).first ?? .reactivate
        facts["todo"] = .word("mail.todo.\(way.rawValue)")
        if way == .pay { facts["minimum"] = .money(subscription.policy.minimumPayment) }
        if way == .upgrade, let minimum = try await upgradeMinimum(subscription, write) { facts["minimum"] = .money(minimum) }
        if subscription.outstandingMinor > 0 { facts["outstanding"] = .money(subscription.outstanding) }
        if let lost = DeletionForfeit.amount(subscription.credit, deletedAt: deleteAt) { facts["forfeited"] = .money(lost) }
        return facts
    }

    /// What an upgrade costs at least: the newest policy of prepaid in the subscription's currency.
    private static func upgradeMinimum(_ subscription: Subscription, _ write: Write) async throws -> Money? {
        try await write.query(
            """
            select minimum_payment_minor from offer_policies where tenant_id = \(write.tenant.id) and offer = 'prepaid' \
            and currency = \(subscription.currency) order by version desc limit 1
            """
        ).first.map { subscription.money(try $0.get(0)) }
    }
}
