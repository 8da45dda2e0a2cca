import Values

/// A4: what a complete day has cost on average of late, from settled usage alone.
package struct BurnRate: Sendable, Hashable {
    /// The last days that are looked at, and how many of them there must be: a rate from less would be a guess.
    package static let windowDays = 10
    package static let daysAtLeast = 7

    /// What the days cost together.
    package let cost: Money
    /// Complete days that were counted.
    package let days: Int

    package init(cost: Money, days: Int) {
        self.cost = cost
        self.days = days
    }

    package enum Measured: Sendable, Hashable {
        case rate(BurnRate)
        case tooLittleHistory(completeDays: Int)
    }

    /// The average, rounded half up for the eye; projections use the sum.
    package var perDay: Money {
        let (doubled, count) = (Int128(cost.minor) * 2, Int128(days))
        return Money(minor: Int64(clamping: (doubled + count) / (2 * count)), currency: cost.currency)
    }

    /// The complete days that count, the earliest first: the last ten of those that the subscription ran through.
    ///
    /// - Parameter runningSince: when it became active, for the first time or again.
    package static func countedDays(runningSince: Instant, at now: Instant, in zone: TimeZoneRule) -> [CivilDate] {
        let last = UsageDay.lastComplete(at: now, in: zone)
        let days = (0..<windowDays).reversed().map { last.adding(days: -$0) }
        return days.filter { zone.startOfDay($0) >= runningSince }
    }

    /// - Parameter costs: the settled cost of each day; a day that is missing cost nothing.
    package static func measured(
        _ costs: [CivilDate: ExactDecimal], runningSince: Instant, at now: Instant, in zone: TimeZoneRule, currency: Currency
    ) throws(MoneyError) -> Measured {
        let days = countedDays(runningSince: runningSince, at: now, in: zone)
        guard days.count >= daysAtLeast else { return .tooLittleHistory(completeDays: days.count) }
        var sum = ExactDecimal.zero
        for day in days {
            guard let next = try? sum.adding(costs[day] ?? .zero) else { throw .overflow }
            sum = next
        }
        return .rate(BurnRate(cost: try Money(rounding: sum, currency: currency), days: days.count))
    }
}

/// A4: how credit ends if every day costs what the last ones did. An estimate, and shown as one; nothing is decided from it.
package enum RunOut: Sendable, Hashable {
    /// The last lot is used up before its expiry.
    case runsOut(at: Instant)
    /// The last lot expires first; so much of all live lots would be forfeited on the way there.
    case expiresFirst(at: Instant, unused: Money)
    /// There is nothing to run out.
    case noCredit

    /// Lots are used in deduction order (M5); what a lot cannot give before its expiry is gone.
    package static func projected(_ rate: BurnRate, lots: some Sequence<CreditLot>, at now: Instant) throws(MoneyError) -> RunOut
    {
        let live = DeductionOrder.sorted(lots.filter { $0.isLive(at: now) && $0.remaining.isPositive })
        guard let last = live.last else { return .noCredit }
        var (at, unused) = (now, Money.zero(last.remaining.currency))
        var isLastUsedUp = false
        for lot in live {
            let span = Int128(max(at, lot.effectiveAt).microseconds(until: lot.expiresAt))
            let needed = rate.microseconds(toSpend: lot.remaining)
            isLastUsedUp = needed.map { $0 <= span } ?? false
            if let needed, isLastUsedUp {
                at = max(at, lot.effectiveAt).adding(microseconds: Int64(clamping: needed))
            } else {
                unused = try unused.adding(lot.remaining.subtracting(rate.spent(in: span, atMost: lot.remaining)))
                at = max(at, lot.expiresAt)
            }
        }
        return isLastUsedUp ? .runsOut(at: at) : .expiresFirst(at: last.expiresAt, unused: unused)
    }
}

extension BurnRate {
    private static let dayMicroseconds: Int128 = 86_400_000_000

    /// How long the amount lasts; nil when nothing is spent.
    fileprivate func microseconds(toSpend amount: Money) -> Int128? {
        guard cost.isPositive else { return nil }
        return Int128(amount.minor) * Int128(days) * Self.dayMicroseconds / Int128(cost.minor)
    }

    /// What is spent in that time, cut down to the minor unit.
    fileprivate func spent(in microseconds: Int128, atMost limit: Money) -> Money {
        guard cost.isPositive, microseconds > 0 else { return .zero(limit.currency) }
        // At most the longest validity, ten years, times the largest amount that can be posted: inside 128 bits.
        let spent = Int128(cost.minor) * microseconds / (Int128(days) * Self.dayMicroseconds)
        return Money(minor: min(Int64(clamping: spent), limit.minor), currency: limit.currency)
    }
}
