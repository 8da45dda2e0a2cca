import Values

/// B5, B7, B9: when a day's usage is complete, and what came after that.
package enum UsageDay {
    /// Yesterday is complete in the early hours of today: at this hour of the account's wall clock.
    package static let completeHour = 6

    /// The instant from which the day's numbers stand; what comes later is an adjustment.
    package static func completeAt(_ date: CivilDate, in zone: TimeZoneRule) -> Instant {
        zone.instant(date.adding(days: 1), hour: completeHour, minute: 0)
    }

    package static func isComplete(_ date: CivilDate, at now: Instant, in zone: TimeZoneRule) -> Bool {
        now >= completeAt(date, in: zone)
    }

    /// Whether usage of this time that came in then changed a day that had been complete.
    package static func isLate(usedAt: Instant, receivedAt: Instant, in zone: TimeZoneRule) -> Bool {
        receivedAt >= completeAt(zone.date(at: usedAt), in: zone)
    }

    /// The last day that is complete at this instant.
    package static func lastComplete(at now: Instant, in zone: TimeZoneRule) -> CivilDate {
        let yesterday = zone.date(at: now).adding(days: -1)
        return isComplete(yesterday, at: now, in: zone) ? yesterday : yesterday.adding(days: -1)
    }
}
