/// A calendar month, such as the month of a bill: "2026-11".
package struct CivilMonth: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The first day of the month.
    package let start: CivilDate

    package init(of date: CivilDate) { start = date.monthStart }

    /// Nil outside the years 1 to 9999 and the months 1 to 12.
    package init?(year: Int, month: Int) {
        guard let first = CivilDate(year: year, month: month, day: 1) else { return nil }
        start = first
    }

    /// Reads exactly `YYYY-MM`.
    package init?(iso text: some StringProtocol) {
        guard text.utf8.count == 7 else { return nil }
        guard let first = CivilDate(iso: "\(text)-01") else { return nil }
        start = first
    }

    package var year: Int { start.year }
    /// 1 to 12.
    package var month: Int { start.month }
    package var next: CivilMonth { adding(months: 1) }
    package var last: CivilDate { next.start.adding(days: -1) }

    package func adding(months: Int) -> CivilMonth { CivilMonth(of: start.adding(months: months)) }

    /// `YYYY-MM`.
    package var iso: String { "\(padded(year, 4))-\(padded(month, 2))" }
    package var description: String { iso }

    package static func < (left: CivilMonth, right: CivilMonth) -> Bool { left.start < right.start }
}
