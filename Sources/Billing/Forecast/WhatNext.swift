import Values

/// One thing that will happen if nobody does anything.
package struct Consequence: Sendable, Hashable {
    package let at: Instant
    /// The name of the event that will be written at that instant.
    package let event: String
    /// The rule of product.md behind it, such as "L2".
    package let rule: String
    package let reason: SuspensionReason?
    package let lotID: LotID?
    /// Credit that is lost then, as it stands now: what is left of a lot that expires (M6), or what goes with the deletion (`DeletionForfeit`).
    package let forfeited: Money?

    package init(
        at: Instant, event: String, rule: String, reason: SuspensionReason? = nil, lotID: LotID? = nil,
        forfeited: Money? = nil
    ) {
        self.at = at
        self.event = event
        self.rule = rule
        self.reason = reason
        self.lotID = lotID
        self.forfeited = forfeited
    }
}

/// What happens if I do nothing: only what follows from stored deadlines without any new usage, never a guess.
package enum WhatNext {
    /// The event of a lot that expires with something left in it (M6).
    package static let lotExpiredEvent = "credit_lot.expired"

    /// Dated consequences, the earliest first; events of one instant in the order in which they happen.
    ///
    /// - Parameters:
    ///   - lots: the subscription's lots; spent and forfeited ones are ignored.
    ///   - policy: the numbers of the subscription's present offer.
    package static func consequences(
        for facts: LifecycleFacts, lots: some Sequence<CreditLot>, policy: OfferPolicy
    ) -> [Consequence] {
        switch facts.state {
        case .deleted: return []
        case .pending: return facts.lapseAt.map { [deletion(at: $0, rule: "L11")] } ?? []
        case .active, .pastDue: return whileRunning(facts, expiring(lots), policy)
        case .suspended: return whileSuspended(facts, expiring(lots))
        }
    }

    /// What would follow if the credit ran out as projected: an estimate, shown beside the consequences and never among them in the API.
    package static func estimated(_ runOut: RunOut, for facts: LifecycleFacts, policy: OfferPolicy) -> [Consequence] {
        guard case .runsOut(let at) = runOut, facts.state.isRunning else { return [] }
        let reason = SuspensionReason.creditExhausted
        return [
            Consequence(at: at, event: TransitionType.suspended.rawValue, rule: reason.rule(for: facts.offer), reason: reason),
            deletion(at: policy.deadline(suspendedAt: at), rule: "L2"),
        ]
    }

    /// Stored dates beside an estimate, without those that cannot come true with it: once the credit has run out nothing is left to expire.
    package static func possible(_ stored: [Consequence], beside estimated: [Consequence]) -> [Consequence] {
        guard let end = estimated.map(\.at).min() else { return stored }
        return stored.filter { $0.at < end }
    }

    private static func expiring(_ lots: some Sequence<CreditLot>) -> [CreditLot] {
        DeductionOrder.sorted(lots.filter { $0.expiredAt == nil && $0.remaining.isPositive })
    }

    private static func whileRunning(_ facts: LifecycleFacts, _ lots: [CreditLot], _ policy: OfferPolicy) -> [Consequence] {
        guard facts.offer.isPaidByCredit, let end = lots.last?.expiresAt else { return [] }
        let suspension = Consequence(
            at: end, event: TransitionType.suspended.rawValue, rule: SuspensionReason.creditExpired.rule(for: facts.offer),
            reason: .creditExpired)
        return lots.map(expiry) + [suspension, deletion(at: policy.deadline(suspendedAt: end), rule: "L2")]
    }

    private static func whileSuspended(_ facts: LifecycleFacts, _ lots: [CreditLot]) -> [Consequence] {
        guard let deleteAt = facts.deleteAt else { return [] }
        var consequences = lots.filter { $0.expiresAt < deleteAt }.map(expiry)
        if facts.offer.isPaidByCredit, let end = lots.last?.expiresAt, end < deleteAt, facts.reasons.aboutCredit == nil {
            consequences.append(
                Consequence(
                    at: end, event: TransitionType.reasonAdded.rawValue,
                    rule: SuspensionReason.creditExpired.rule(for: facts.offer),
                    reason: .creditExpired))
        }
        let lost = DeletionForfeit.amount(lots, deletedAt: deleteAt)
        return consequences + [deletion(at: deleteAt, rule: "L2", forfeited: lost)]
    }

    private static func expiry(_ lot: CreditLot) -> Consequence {
        Consequence(at: lot.expiresAt, event: lotExpiredEvent, rule: "M6", lotID: lot.id, forfeited: lot.remaining)
    }

    private static func deletion(at instant: Instant, rule: String, forfeited: Money? = nil) -> Consequence {
        Consequence(at: instant, event: TransitionType.deleted.rawValue, rule: rule, forfeited: forfeited)
    }
}
