import Values

/// Why an amount is not taken.
package enum PaymentRefusal: String, Refusal, CaseIterable {
    case amountNotPositive = "amount_not_positive"
    case currencyMismatch = "currency_mismatch"
    case paymentBelowMinimum = "payment_below_minimum"
    case paymentAboveMaximum = "payment_above_maximum"

    package var code: String { rawValue }
    package var kind: RefusalKind { .invalid }
}

/// What a payment does (M6).
package struct PaymentOutcome: Sendable, Hashable {
    package let paid: Money
    /// What went to the outstanding amount, first of all.
    package let debtPaid: Money
    /// A trial's debt, given up at its upgrade.
    package let debtWaived: Money
    /// What is owed afterwards.
    package let outstanding: Money
    /// The credit bought; nil when the debt took everything.
    package let lot: NewLot?
    /// The part of the lot that nobody paid for: a trial's credit beyond its price.
    package let granted: Money
    /// The smallest further payment that leaves credit; zero when this one does.
    package let missing: Money

    /// Whether it lifts the credit reason (L5).
    package var leavesCredit: Bool { lot != nil }
}

/// The rules of paying for one subscription. Amounts are checked here, states in `LifecycleFacts`.
package enum ApplyPayment {
    /// The payment that a pending order waits for: a trial costs exactly its price, prepaid at least the minimum (L6, L10).
    package static func first(
        _ amount: Money, policy: OfferPolicy, at now: Instant, in zone: TimeZoneRule
    ) throws(PaymentRefusal) -> PaymentOutcome {
        let isTrial = policy.offer == .trial
        try check(
            amount, currency: policy.currency, least: isTrial ? policy.trialPrice : policy.minimumPayment,
            most: isTrial ? policy.trialPrice : policy.largestPayment)
        let lot = NewLot(
            amount: isTrial ? policy.trialCredit : amount, source: isTrial ? .trial : .payment, effectiveAt: now,
            expiresAt: policy.expiry(purchasedAt: now, in: zone))
        let zero = Money.zero(policy.currency)
        let granted = Money(minor: lot.amount.minor - amount.minor, currency: policy.currency)
        return PaymentOutcome(
            paid: amount, debtPaid: zero, debtWaived: zero, outstanding: zero, lot: lot, granted: granted, missing: zero)
    }

    /// Pay again (A5): the outstanding amount first, the rest becomes a lot with its own 12 months (M6).
    package static func again(
        _ amount: Money, outstanding: Money, policy: OfferPolicy, at now: Instant, in zone: TimeZoneRule
    ) throws(PaymentRefusal) -> PaymentOutcome {
        try check(amount, currency: policy.currency, least: policy.minimumPayment, most: policy.largestPayment)
        guard outstanding.currency == policy.currency else { throw .currencyMismatch }
        func money(_ minor: Int64) -> Money { Money(minor: minor, currency: policy.currency) }
        let debtPaid = min(amount.minor, max(0, outstanding.minor))
        let owed = outstanding.minor - debtPaid
        let rest = amount.minor - debtPaid
        let lot =
            rest > 0
            ? NewLot(
                amount: money(rest), source: .payment, effectiveAt: now, expiresAt: policy.expiry(purchasedAt: now, in: zone))
            : nil
        // One minor unit beyond the debt is credit; less than the minimum is never taken.
        let missing = lot == nil ? max(policy.minimumPayment.minor, owed + 1) : 0
        return PaymentOutcome(
            paid: amount, debtPaid: money(debtPaid), debtWaived: money(0), outstanding: money(owed), lot: lot, granted: money(0),
            missing: money(missing))
    }

    /// Upgrade now (L6): the trial's debt is waived, the whole payment becomes a lot. `policy` is the prepaid offer's.
    package static func upgrade(
        _ amount: Money, outstanding: Money, policy: OfferPolicy, at now: Instant, in zone: TimeZoneRule
    ) throws(PaymentRefusal) -> PaymentOutcome {
        precondition(policy.offer == .prepaid, "a trial is upgraded under the prepaid offer's numbers")
        let bought = try again(amount, outstanding: .zero(policy.currency), policy: policy, at: now, in: zone)
        guard outstanding.currency == policy.currency else { throw .currencyMismatch }
        return PaymentOutcome(
            paid: amount, debtPaid: bought.debtPaid, debtWaived: outstanding, outstanding: bought.outstanding, lot: bought.lot,
            granted: bought.granted, missing: bought.missing)
    }

    private static func check(_ amount: Money, currency: Currency, least: Money, most: Money) throws(PaymentRefusal) {
        guard amount.currency == currency else { throw .currencyMismatch }
        guard amount.isPositive else { throw .amountNotPositive }
        guard amount.minor >= least.minor else { throw .paymentBelowMinimum }
        guard amount.minor <= most.minor else { throw .paymentAboveMaximum }
    }
}
