/// A day of the proleptic Gregorian calendar, without a time and without a zone.
///
/// Arithmetic that would leave about ±290,000 years stops at that border instead of trapping: the text of a date
/// admits the years 0001 to 9999 only, so no input can come near it.
package struct CivilDate: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let year: Int
    /// 1 to 12.
    package let month: Int
    /// 1 to the length of the month.
    package let day: Int

    /// Nil when there is no such day, or the year lies outside 1 to 9999.
    package init?(year: Int, month: Int, day: Int) {
        guard (1...9999).contains(year), (1...12).contains(month) else { return nil }
        guard (1...CivilDate.daysInMonth(year: year, month: month)).contains(day) else { return nil }
        self.init(unchecked: year, month, day)
    }

    private init(unchecked year: Int, _ month: Int, _ day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// Reads exactly `YYYY-MM-DD`.
    package init?(iso text: some StringProtocol) {
        var reader = DigitReader(text)
        guard let year = reader.number(digits: 4), reader.take("-"),
            let month = reader.number(digits: 2), reader.take("-"),
            let day = reader.number(digits: 2), reader.isAtEnd
        else { return nil }
        self.init(year: year, month: month, day: day)
    }

    /// `YYYY-MM-DD`.
    package var iso: String {
        guard (0...9999).contains(year) else { return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))" }
        return String(unsafeUninitializedCapacity: 10) { buffer in
            var digits = DigitWriter(buffer)
            write(to: &digits)
            return digits.count
        }
    }
    package var description: String { iso }

    /// Of a year from 0 to 9999: ten characters.
    func write(to digits: inout DigitWriter) {
        digits.put(two: year / 100)
        digits.put(two: year % 100)
        digits.put(byte: UInt8(ascii: "-"))
        digits.put(two: month)
        digits.put(byte: UInt8(ascii: "-"))
        digits.put(two: day)
    }

    // MARK: Days

    private static let farthestDay = 106_000_000

    /// Days since 1970-01-01, negative before.
    package var daysSinceEpoch: Int {
        // The year is taken to begin in March, so that the leap day is its last.
        let shifted = month <= 2 ? year - 1 : year
        let era = floorDivide(shifted, 400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    package init(daysSinceEpoch days: Int) {
        let shifted = min(max(days, -CivilDate.farthestDay), CivilDate.farthestDay) + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        self.init(unchecked: year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    package func adding(days: Int) -> CivilDate {
        let (sum, overflow) = daysSinceEpoch.addingReportingOverflow(days)
        return CivilDate(daysSinceEpoch: overflow ? (days < 0 ? .min : .max) : sum)
    }

    /// Civil days from this date to the other; negative when the other is earlier (M13).
    package func daysUntil(_ other: CivilDate) -> Int { other.daysSinceEpoch - daysSinceEpoch }

    /// ISO 8601: Monday is 1, Sunday is 7.
    package var dayOfWeek: Int {
        let sinceMonday = daysSinceEpoch + 3
        return sinceMonday - floorDivide(sinceMonday, 7) * 7 + 1
    }

    // MARK: Months

    /// Adds calendar months to THIS date and clamps the day to the month's end (section 2): 31 January + 1 = 28 or 29 February.
    ///
    /// Count from the original date: adding 1 twice is not adding 2, because a clamped day is forgotten.
    package func adding(months: Int) -> CivilDate {
        let (total, overflow) = (year * 12 + month - 1).addingReportingOverflow(months)
        guard !overflow, abs(total / 12) < 290_000 else {
            return CivilDate(daysSinceEpoch: months < 0 ? .min : .max)
        }
        let newYear = floorDivide(total, 12)
        let newMonth = total - newYear * 12 + 1
        return CivilDate(unchecked: newYear, newMonth, min(day, CivilDate.daysInMonth(year: newYear, month: newMonth)))
    }

    package var monthStart: CivilDate { CivilDate(unchecked: year, month, 1) }
    package var civilMonth: CivilMonth { CivilMonth(of: self) }
    package var daysInMonth: Int { CivilDate.daysInMonth(year: year, month: month) }

    /// The length of a month; `month` must lie in 1 to 12.
    package static func daysInMonth(year: Int, month: Int) -> Int {
        precondition((1...12).contains(month), "a month is 1 to 12")
        switch month {
        case 2: return isLeap(year: year) ? 29 : 28
        case 4, 6, 9, 11: return 30
        default: return 31
        }
    }

    package static func isLeap(year: Int) -> Bool {
        year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
    }

    package static func < (left: CivilDate, right: CivilDate) -> Bool {
        (left.year, left.month, left.day) < (right.year, right.month, right.day)
    }
}
