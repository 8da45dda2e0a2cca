import Values

/// A14: what another subscription does to a department's quota. Everything about the future is an estimate and is shown as one.
package struct QuotaEffect: Sendable, Hashable {
    package let quota: Money?
    /// Counted to the department so far.
    package let spent: Money
    /// What its subscriptions will use up to the term's end at last month's rate.
    package let expected: Money
    /// What the new one will use up to the term's end, if somebody has said what it costs a month.
    package let added: Money

    /// Whether what a subscription cost last month goes on: only of one that runs.
    package static func goesOn(_ state: SubscriptionState) -> Bool { state.isRunning }

    /// - Parameters:
    ///   - lastMonth: what the subscriptions that run in the department now cost in the last whole month, also where they ran elsewhere then.
    ///   - monthly: what the new one is said to cost a month.
    ///   - endsOn: the first day after the term.
    /// - Throws: `MoneyError` for currencies that differ or sums too large.
    package init(
        quota: Money?, spent: Money, lastMonth: Money, monthly: Money, today: CivilDate, endsOn: CivilDate
    ) throws(MoneyError) {
        self.quota = quota
        self.spent = spent
        expected = try Self.until(endsOn, from: today, monthly: lastMonth)
        added = try Self.until(endsOn, from: today, monthly: monthly)
        _ = try spent.adding(expected).adding(added)
        if let quota { _ = try quota.subtracting(spent) }
    }

    /// Left of the quota now; negative when it is exceeded.
    package var remaining: Money? { quota.map { Money(minor: $0.minor - spent.minor, currency: $0.currency) } }
    /// Left at the term's end as things are, and with the new one.
    package var remainingWithout: Money? {
        remaining.map { Money(minor: $0.minor - expected.minor, currency: $0.currency) }
    }
    package var remainingWith: Money? {
        remainingWithout.map { Money(minor: $0.minor - added.minor, currency: $0.currency) }
    }

    /// A twelfth of a year of 365 days a month, half up once; nothing once the term is over or for a month that gave money back.
    static func until(_ endsOn: CivilDate, from today: CivilDate, monthly: Money) throws(MoneyError) -> Money {
        let days = max(0, today.daysUntil(endsOn))
        guard monthly.isPositive, days > 0 else { return .zero(monthly.currency) }
        let twice = Int128(monthly.minor) * 24 * Int128(days)
        guard let minor = Int64(exactly: (twice + 365) / 730) else { throw .overflow }
        return Money(minor: minor, currency: monthly.currency)
    }
}
