import Values

/// The numbers of an offer in one currency (L10): data of the tenant, with a version, shown beside what they produce.
package struct OfferPolicy: Sendable, Hashable {
    package var offer: Offer
    package var currency: Currency
    /// 1 and up; a change of numbers is a new version.
    package var version: Int
    package var minimumPayment: Money
    package var largestPayment: Money
    package var validityMonths: Int
    /// Days of 24 hours between suspension and deletion (L2).
    package var retentionDays: Int
    package var trialPrice: Money
    package var trialCredit: Money
    package var trialMonths: Int
    /// How long `past_due` lasts before it becomes a suspension.
    package var graceDays: Int
    /// Days of 24 hours that an order waits for its first payment (L11).
    package var pendingLapseDays: Int

    package init(
        offer: Offer, currency: Currency, version: Int, minimumPayment: Money, largestPayment: Money, validityMonths: Int,
        retentionDays: Int, trialPrice: Money, trialCredit: Money, trialMonths: Int, graceDays: Int, pendingLapseDays: Int
    ) {
        self.offer = offer
        self.currency = currency
        self.version = version
        self.minimumPayment = minimumPayment
        self.largestPayment = largestPayment
        self.validityMonths = validityMonths
        self.retentionDays = retentionDays
        self.trialPrice = trialPrice
        self.trialCredit = trialCredit
        self.trialMonths = trialMonths
        self.graceDays = graceDays
        self.pendingLapseDays = pendingLapseDays
    }

    /// The numbers of product.md, as whole units of the currency.
    package static func standard(_ offer: Offer, in currency: Currency) -> OfferPolicy {
        func whole(_ units: Int64) -> Money {
            // At most four decimals times ten million: far inside the range.
            Money(minor: (0..<currency.exponent).reduce(units) { amount, _ in amount * 10 }, currency: currency)
        }
        return OfferPolicy(
            offer: offer, currency: currency, version: 1, minimumPayment: whole(1_000), largestPayment: whole(10_000_000),
            validityMonths: 12, retentionDays: offer == .trial ? 15 : 90, trialPrice: whole(1), trialCredit: whole(1_500),
            trialMonths: 1, graceDays: 7, pendingLapseDays: 14)
    }

    /// When the data of a subscription suspended at this instant goes (L2).
    package func deadline(suspendedAt: Instant) -> Instant { suspendedAt.adding(days: Int64(retentionDays)) }

    /// When an order without payment lapses (L11).
    package func lapse(orderedAt: Instant) -> Instant { orderedAt.adding(days: Int64(pendingLapseDays)) }

    /// When credit bought at this instant expires: calendar months in the account's zone, from its own purchase (M6, L6).
    package func expiry(purchasedAt: Instant, in zone: TimeZoneRule) -> Instant {
        zone.adding(months: offer == .trial ? trialMonths : validityMonths, to: purchasedAt)
    }
}
