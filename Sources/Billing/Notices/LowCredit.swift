import Values

/// When a subscription's credit counts as low: 10 % of what was bought is left, or its end is near; each is told once for each time credit was bought.
package enum LowCredit {
    package static let percent: Int64 = 10

    /// How many civil days before its end credit counts as ending soon: 30, and 7 in a trial, which is no longer than a month itself.
    package static func days(before offer: Offer) -> Int { offer == .trial ? 7 : 30 }

    /// The first instant of the day on which that many days are left in the account's zone (M13's count of days).
    package static func notice(ofExpiry expiry: Instant, offer: Offer, in zone: TimeZoneRule) -> Instant {
        zone.startOfDay(zone.date(at: expiry).adding(days: -days(before: offer)))
    }

    package struct Level: Sendable, Hashable {
        package let remaining: Money
        package let bought: Money
        /// The credit that ends last: buying more makes another one, and the warning is due again.
        package let lot: LotID

        package init(remaining: Money, bought: Money, lot: LotID) {
            self.remaining = remaining
            self.bought = bought
            self.lot = lot
        }
    }

    /// What is left of the credit that can be used at this instant; nil when there is none or it does not fit.
    package static func level(_ lots: some Sequence<CreditLot>, currency: Currency, at now: Instant) -> Level? {
        let live = lots.filter { $0.isLive(at: now) }
        guard let last = live.max(by: { ($0.expiresAt, $0.id) < ($1.expiresAt, $1.id) }) else { return nil }
        var (remaining, bought) = (Money.zero(currency), Money.zero(currency))
        do {
            for lot in live {
                remaining = try remaining.adding(lot.remaining)
                bought = try bought.adding(lot.amount)
            }
        } catch {
            return nil
        }
        return Level(remaining: remaining, bought: bought, lot: last.id)
    }

    /// The level that a change has brought credit down to, if it has just become low. Credit that is gone altogether is not low: the subscription is
    /// suspended, and that is told.
    package static func reached(
        from before: some Sequence<CreditLot>, to after: some Sequence<CreditLot>, currency: Currency, at now: Instant
    ) -> Level? {
        guard let level = level(after, currency: currency, at: now), level.remaining.isPositive, isLow(level) else { return nil }
        if let earlier = Self.level(before, currency: currency, at: now), isLow(earlier) { return nil }
        return level
    }

    private static func isLow(_ level: Level) -> Bool {
        let (scaled, overflow) = level.remaining.minor.multipliedReportingOverflow(by: 100)
        let (limit, overflowed) = level.bought.minor.multipliedReportingOverflow(by: percent)
        return !overflow && !overflowed && scaled <= limit
    }
}
