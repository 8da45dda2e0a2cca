import Values

/// What the pages and the API say about a subscription's credit.
package enum CreditSummary {
    /// What can be spent at this instant. Throws when it does not fit or currencies are mixed.
    package static func remaining(_ lots: some Sequence<CreditLot>, currency: Currency, at now: Instant) throws(MoneyError)
        -> Money
    {
        var sum = Money.zero(currency)
        for lot in lots where lot.isLive(at: now) { sum = try sum.adding(lot.remaining) }
        return sum
    }

    /// The expiry of the last live lot that has something left; nil when there is nothing to expire.
    package static func expiry(_ lots: some Sequence<CreditLot>, at now: Instant) -> Instant? {
        lots.filter { $0.isLive(at: now) && $0.remaining.isPositive }.map(\.expiresAt).max()
    }

    /// Civil days from today to the day of that expiry, in the account's zone (M13); 0 on the last day, nil without credit.
    package static func daysLeft(_ lots: some Sequence<CreditLot>, at now: Instant, in zone: TimeZoneRule) -> Int? {
        expiry(lots, at: now).map { zone.date(at: now).daysUntil(zone.date(at: $0)) }
    }
}
