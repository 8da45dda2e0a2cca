import Values

/// What the expiry of a lot does (L5, M6). Usage of an earlier time is settled before it is asked (M6a).
package struct LotExpiry: Sendable, Hashable {
    /// What is left in the lot, taken by a ledger entry; may be zero.
    package let forfeited: Money
    /// The reason to suspend for; nil while another live lot has something left.
    package let reason: SuspensionReason?

    /// Nil when it is too early or was done before: a late or repeated timer then does nothing (L8).
    ///
    /// - Parameter others: the subscription's other lots, expired ones included or not.
    package init?(of lot: CreditLot, others: some Sequence<CreditLot>, at now: Instant) {
        guard lot.expiredAt == nil, now >= lot.expiresAt else { return nil }
        forfeited = lot.remaining
        // A lot whose own expiry is also due keeps the decision for itself: whichever comes last decides.
        let creditIsLeft = others.contains { $0.id != lot.id && $0.expiredAt == nil && $0.remaining.isPositive }
        if creditIsLeft {
            reason = nil
        } else {
            reason = lot.remaining.isPositive ? .creditExpired : .creditExhausted
        }
    }
}
