import Values

/// Where a lot came from.
package enum LotSource: String, Sendable, Hashable, CaseIterable {
    case trial
    case payment
}

/// Credit bought at once, with an expiry of its own (M6).
package struct CreditLot: Sendable, Hashable {
    package let id: LotID
    package let amount: Money
    /// Between zero and `amount`.
    package var remaining: Money
    package let source: LotSource
    package let effectiveAt: Instant
    package let expiresAt: Instant
    /// When what was left was forfeited; nil until then.
    package var expiredAt: Instant?

    package init(
        id: LotID, amount: Money, remaining: Money, source: LotSource, effectiveAt: Instant, expiresAt: Instant,
        expiredAt: Instant? = nil
    ) {
        self.id = id
        self.amount = amount
        self.remaining = remaining
        self.source = source
        self.effectiveAt = effectiveAt
        self.expiresAt = expiresAt
        self.expiredAt = expiredAt
    }

    /// Whether the lot can still be spent at this instant.
    package func isLive(at now: Instant) -> Bool { expiredAt == nil && effectiveAt <= now && now < expiresAt }

    /// Whether the lot pays for usage of this time (M5): it lies in [effective, expiry) and nothing was forfeited yet.
    package func covers(_ time: Instant) -> Bool { isLive(at: time) }
}

/// Credit that a payment makes; the caller gives it an identity.
package struct NewLot: Sendable, Hashable {
    package let amount: Money
    package let source: LotSource
    package let effectiveAt: Instant
    package let expiresAt: Instant
}
