import Values

/// What a subscription has used that no bill shows yet (B7): settled in the months that are still open, and accepted but not settled.
package struct UnbilledEstimate: Sendable, Hashable {
    /// A bill line of an open month, or one that usage is waiting for.
    package struct Line: Sendable, Hashable {
        package let month: CivilMonth
        /// What the line comes to so far, exactly and as it was posted.
        package let exact: ExactDecimal
        package let posted: Money
        /// The cost of accepted usage that will be added to it.
        package let waiting: ExactDecimal

        package init(month: CivilMonth, exact: ExactDecimal, posted: Money, waiting: ExactDecimal) {
            self.month = month
            self.exact = exact
            self.posted = posted
            self.waiting = waiting
        }
    }

    /// The day on which a month is closed, in the account's zone (B7).
    package static let closingDay = 4

    /// The first month that is not billed.
    package let since: CivilMonth
    /// Posted in open months.
    package let settled: Money
    /// What waiting usage will add: each line is rounded once, so this is the difference of its rounded amounts (M6a).
    package let unsettled: Money
    package let total: Money
    /// The part of `total` that is of the running month.
    package let monthToDate: Money

    /// The first month that has not been closed at this instant: until the 4th the month before is open too.
    package static func firstOpenMonth(at now: Instant, in zone: TimeZoneRule) -> CivilMonth {
        let today = zone.date(at: now)
        return today.day < closingDay ? today.civilMonth.adding(months: -1) : today.civilMonth
    }

    /// - Parameter lines: lines of any month; posted amounts of closed months do not count, what waits for them does (B8).
    package init(_ lines: [Line], currency: Currency, at now: Instant, in zone: TimeZoneRule) throws(MoneyError) {
        let since = Self.firstOpenMonth(at: now, in: zone)
        let thisMonth = zone.month(at: now)
        var (settled, unsettled, running) = (Money.zero(currency), Money.zero(currency), Money.zero(currency))
        for line in lines {
            guard let exact = try? line.exact.adding(line.waiting) else { throw .overflow }
            let added = try Money(rounding: exact, currency: currency).subtracting(line.posted)
            unsettled = try unsettled.adding(added)
            if line.month >= since { settled = try settled.adding(line.posted) }
            if line.month == thisMonth { running = try running.adding(line.posted).adding(added) }
        }
        self.since = since
        self.settled = settled
        self.unsettled = unsettled
        total = try settled.adding(unsettled)
        monthToDate = running
    }
}
