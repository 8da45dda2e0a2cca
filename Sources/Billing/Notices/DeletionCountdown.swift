import Values

/// Section 6.3: a suspended subscription's deletion is announced 30, 14, 7 and 1 days before, a day being 24 hours (L2).
package enum DeletionCountdown {
    package static let days: [Int64] = [30, 14, 7, 1]

    /// When the next announcement is due; nil when none is left. What would come with the suspension itself is left to the notice of that.
    package static func next(after now: Instant, suspendedAt: Instant, deleteAt: Instant) -> Instant? {
        steps(suspendedAt, deleteAt).map(\.at).first { $0 > now }
    }

    /// How many days the announcement says that is due at `now`: of several that were missed the latest. Nil when none is due or the deadline is past.
    package static func due(at now: Instant, suspendedAt: Instant, deleteAt: Instant) -> Int? {
        guard now < deleteAt else { return nil }
        return steps(suspendedAt, deleteAt).last { $0.at <= now }.map { Int($0.days) }
    }

    private static func steps(_ suspendedAt: Instant, _ deleteAt: Instant) -> [(days: Int64, at: Instant)] {
        days.map { ($0, deleteAt.adding(days: -$0)) }.filter { $0.at > suspendedAt }
    }
}
