import Values

/// A4 for an agreement: what a day has cost since the beginning of last month, or of the term if that is later. Posted sums of whole bill months, which
/// hold usage up to now (M6a), over the time up to now. An estimate, and shown as one; nothing is decided from it.
package struct CommitmentPace: Sendable, Hashable {
    package let cost: Money
    package let since: Instant
    package let now: Instant

    /// - Returns: nil with less than `BurnRate.daysAtLeast` days to look back on: a rate from less would be a guess.
    package init?(cost: Money, since: Instant, at now: Instant) {
        guard since.microseconds(until: now) >= Int64(BurnRate.daysAtLeast) * 86_400_000_000 else { return nil }
        self.cost = cost
        self.since = since
        self.now = now
    }

    /// The first day that the pace looks at.
    package static func firstDay(today: CivilDate, termStarts: CivilDate) -> CivilDate {
        max(today.monthStart.adding(months: -1), termStarts)
    }

    private var elapsed: Int128 { Int128(since.microseconds(until: now)) }

    /// Rounded half up for the eye; projections use the sum.
    package var perDay: Money {
        let doubled = Int128(max(cost.minor, 0)) * 2 * 86_400_000_000
        return Money(minor: Int64(clamping: (doubled + elapsed) / (2 * elapsed)), currency: cost.currency)
    }

    /// How long the amount lasts; nil when nothing is spent.
    fileprivate func microseconds(toSpend amount: Money) -> Int128? {
        cost.isPositive ? Int128(amount.minor) * elapsed / Int128(cost.minor) : nil
    }

    /// What is spent in that time, cut down to the minor unit.
    fileprivate func spent(in microseconds: Int128, atMost limit: Money) -> Money {
        guard cost.isPositive, microseconds > 0 else { return .zero(limit.currency) }
        let spent = Int128(cost.minor) * microseconds / elapsed
        return Money(minor: min(Int64(clamping: spent), limit.minor), currency: limit.currency)
    }
}

/// How an agreement's commitment ends if every day costs what the last ones did.
package enum CommitmentEnd: Sendable, Hashable {
    /// Used up before the term ends; what comes after is overage (M5).
    case runsOut(at: Instant)
    /// The term ends first; so much of the commitment would be left then.
    case outlasts(term: Instant, unused: Money)
    /// Nothing is left of it.
    case usedUp
    /// The term is over.
    case termOver
    case tooLittleHistory

    /// - Parameter termEnds: the first instant after the term.
    package static func projected(_ pace: CommitmentPace?, remaining: Money, termEnds: Instant, at now: Instant) -> CommitmentEnd
    {
        guard now < termEnds else { return .termOver }
        guard remaining.isPositive else { return .usedUp }
        guard let pace else { return .tooLittleHistory }
        let span = Int128(now.microseconds(until: termEnds))
        if let needed = pace.microseconds(toSpend: remaining), needed < span {
            return .runsOut(at: now.adding(microseconds: Int64(clamping: needed)))
        }
        let spent = pace.spent(in: span, atMost: remaining)
        return .outlasts(term: termEnds, unused: Money(minor: remaining.minor - spent.minor, currency: remaining.currency))
    }

    package var kind: String {
        switch self {
        case .runsOut: "runs_out"
        case .outlasts: "outlasts_term"
        case .usedUp: "used_up"
        case .termOver: "term_over"
        case .tooLittleHistory: "too_little_history"
        }
    }
}
