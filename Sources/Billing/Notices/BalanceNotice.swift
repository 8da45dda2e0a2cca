import Values

/// M13: every Monday in the account's zone, in the morning, when yesterday's usage is complete (B7).
package enum BalanceNotice {
    /// 08:00 on the account's clocks: never touched by a change of the clocks, which happens at night.
    package static let hour = 8

    /// The first Monday morning after this instant.
    package static func next(after instant: Instant, in zone: TimeZoneRule) -> Instant {
        let monday = weekStart(of: zone.date(at: instant))
        let thisWeek = zone.instant(monday, hour: hour, minute: 0)
        return thisWeek > instant ? thisWeek : zone.instant(monday.adding(days: 7), hour: hour, minute: 0)
    }

    /// The Monday that a notice due at `due` and run at `now` is about: the latest one that has come, so that a server that was away for weeks sends one
    /// notice and not many. Nil when `due` is no Monday morning of this zone: the account has moved, or the notice only begins.
    package static func monday(due: Instant, at now: Instant, in zone: TimeZoneRule) -> CivilDate? {
        let civil = zone.civil(at: due)
        guard civil.date.dayOfWeek == 1, civil.hour >= hour, due <= now else { return nil }
        let monday = weekStart(of: zone.date(at: now))
        return zone.instant(monday, hour: hour, minute: 0) <= now ? monday : monday.adding(days: -7)
    }

    /// The week whose cost it tells: the seven civil days before that Monday (B5).
    package static func week(before monday: CivilDate, in zone: TimeZoneRule) -> Period {
        Period(from: zone.startOfDay(monday.adding(days: -7)), to: zone.startOfDay(monday))
    }

    private static func weekStart(of date: CivilDate) -> CivilDate { date.adding(days: 1 - date.dayOfWeek) }
}
