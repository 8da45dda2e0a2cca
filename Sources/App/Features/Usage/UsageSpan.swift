import Billing
import FoundationEssentials
import Values

/// A range of usage, [from, to), and how it is called in a file's name.
package struct UsageSpan: Sendable, Hashable {
    /// The longest range that one answer covers, in days.
    package static let daysAtMost: Int64 = 400

    package let from: Instant
    package let to: Instant
    /// `2026-10` for a month, `2026-11-10_2026-11-20` for anything else: first and last day.
    package let name: String

    private init(from: Instant, to: Instant, name: String) {
        self.from = from
        self.to = to
        self.name = name
    }

    /// Days of the account, the last one included.
    package init(first: CivilDate, last: CivilDate, in zone: TimeZoneRule) {
        let isMonth = first == first.monthStart && last == first.civilMonth.last
        self.init(
            from: zone.startOfDay(first), to: zone.startOfDay(last.adding(days: 1)),
            name: isMonth ? first.civilMonth.iso : "\(first.iso)_\(last.iso)")
    }

    package init(month: CivilMonth, in zone: TimeZoneRule) { self.init(first: month.start, last: month.last, in: zone) }

    /// What an answer covers that was asked for in instants: by default today − 10 to the end of today (B9).
    package init(from: Instant?, to: Instant?, at now: Instant, in zone: TimeZoneRule) throws {
        let today = zone.date(at: now)
        let end = to ?? from.map { max($0, zone.startOfDay(today.adding(days: 1))) } ?? zone.startOfDay(today.adding(days: 1))
        let start = from ?? zone.startOfDay(zone.date(at: to ?? now).adding(days: -10))
        guard start <= end else { throw Failure.malformed(code: "range_backwards") }
        guard start.adding(days: Self.daysAtMost) >= end else {
            throw Failure.malformed(code: "range_too_long", arguments: ["days": String(Self.daysAtMost)])
        }
        let last = end > start ? end.adding(microseconds: -1) : end
        self.init(from: start, to: end, name: "\(zone.date(at: start).iso)_\(zone.date(at: last).iso)")
    }

    /// As above, or one month; not both.
    package init(from: Instant?, to: Instant?, month: CivilMonth?, at now: Instant, in zone: TimeZoneRule) throws {
        guard let month else {
            try self.init(from: from, to: to, at: now, in: zone)
            return
        }
        guard from == nil, to == nil else { throw Failure.malformed(code: "range_twice", pointer: "?month") }
        self.init(month: month, in: zone)
    }
}
