/// A point in time, in whole microseconds since 1970-01-01T00:00:00Z; what PostgreSQL's `timestamptz` keeps.
///
/// Arithmetic stops at the ends of the range (about ±292,000 years) instead of trapping; the text form admits the
/// years 0001 to 9999 only, so no input can come near them.
package struct Instant: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let microseconds: Int64

    package init(microseconds: Int64) { self.microseconds = microseconds }
    package init(secondsSinceEpoch seconds: Int64) {
        self.init(microseconds: Instant.clamped(seconds.multipliedReportingOverflow(by: 1_000_000), negative: seconds < 0))
    }

    package static func < (left: Instant, right: Instant) -> Bool { left.microseconds < right.microseconds }

    // MARK: Arithmetic

    package func adding(microseconds delta: Int64) -> Instant {
        Instant(microseconds: Instant.clamped(microseconds.addingReportingOverflow(delta), negative: delta < 0))
    }

    package func adding(seconds: Int64) -> Instant {
        adding(microseconds: Instant.clamped(seconds.multipliedReportingOverflow(by: 1_000_000), negative: seconds < 0))
    }

    /// Days of 24 hours, whatever the zone does (L2).
    package func adding(days: Int64) -> Instant {
        adding(
            microseconds: Instant.clamped(days.multipliedReportingOverflow(by: 86_400_000_000), negative: days < 0))
    }

    /// Microseconds from this instant to the other; negative when the other is earlier.
    package func microseconds(until other: Instant) -> Int64 {
        Instant.clamped(
            other.microseconds.subtractingReportingOverflow(microseconds), negative: other.microseconds < microseconds)
    }

    private static func clamped(_ result: (partialValue: Int64, overflow: Bool), negative: Bool) -> Int64 {
        result.overflow ? (negative ? .min : .max) : result.partialValue
    }

    // MARK: Parts

    /// Whole seconds since the epoch, rounded towards the past.
    package var secondsSinceEpoch: Int64 { floorDivide(microseconds, 1_000_000) }
    /// 0 to 999,999: what lies beyond the whole second.
    package var microsecondOfSecond: Int {
        let rest = Int(microseconds % 1_000_000)
        return rest < 0 ? rest + 1_000_000 : rest
    }

    // MARK: Text

    /// Reads RFC 3339, with an offset, to the microsecond.
    ///
    /// Refused: a seventh decimal (it could not be kept), an hour of 24, a second of 60, an offset beyond 23:59, a
    /// missing offset, a space for the `T`. Lower-case `t` and `z` are in the RFC and accepted.
    package init?(rfc3339 text: some StringProtocol) {
        var reader = DigitReader(text)
        guard let year = reader.number(digits: 4), reader.take("-"), let month = reader.number(digits: 2),
            reader.take("-"), let day = reader.number(digits: 2),
            let date = CivilDate(year: year, month: month, day: day),
            reader.take("T") || reader.take("t"),
            let hour = reader.number(digits: 2), hour < 24, reader.take(":"),
            let minute = reader.number(digits: 2), minute < 60, reader.take(":"),
            let second = reader.number(digits: 2), second < 60
        else { return nil }
        var fraction = 0
        if reader.take(".") {
            guard let (value, digits) = reader.run(limit: 6) else { return nil }
            fraction = (digits..<6).reduce(value) { scaled, _ in scaled * 10 }
        }
        guard let offset = Instant.readOffset(&reader), reader.isAtEnd else { return nil }
        let seconds = date.daysSinceEpoch * 86_400 + hour * 3_600 + minute * 60 + second - offset
        self.init(microseconds: Int64(seconds) * 1_000_000 + Int64(fraction))
    }

    /// Seconds east of UTC.
    private static func readOffset(_ reader: inout DigitReader) -> Int? {
        if reader.take("Z") || reader.take("z") { return 0 }
        let sign: Int
        if reader.take("+") {
            sign = 1
        } else if reader.take("-") {
            sign = -1
        } else {
            return nil
        }
        guard let hours = reader.number(digits: 2), hours < 24, reader.take(":"),
            let minutes = reader.number(digits: 2), minutes < 60
        else { return nil }
        return sign * (hours * 3_600 + minutes * 60)
    }

    /// RFC 3339 in UTC with `Z`; the fraction is written only when there is one, without trailing zeros.
    package var rfc3339: String {
        String(unsafeUninitializedCapacity: Self.longestText) { write(to: $0) }
    }

    /// More than any instant's text takes.
    package static let longestText = 48

    /// The same into a buffer of at least `longestText` bytes; how many it took.
    package func write(to buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
        let day = floorDivide(secondsSinceEpoch, 86_400)
        let second = Int(secondsSinceEpoch - day * 86_400)
        let date = CivilDate(daysSinceEpoch: Int(day))
        var fraction = microsecondOfSecond
        var digits = DigitWriter(buffer)
        // Years of more than four digits are no input; they only come out of arithmetic that ran to its border.
        if (0...9999).contains(date.year) { date.write(to: &digits) } else { digits.put(date.iso) }
        digits.put(byte: UInt8(ascii: "T"))
        digits.put(two: second / 3_600)
        digits.put(byte: UInt8(ascii: ":"))
        digits.put(two: second / 60 % 60)
        digits.put(byte: UInt8(ascii: ":"))
        digits.put(two: second % 60)
        if fraction > 0 {
            var fractionDigits = 6
            while fraction % 10 == 0 { (fraction, fractionDigits) = (fraction / 10, fractionDigits - 1) }
            digits.put(byte: UInt8(ascii: "."))
            digits.put(UInt64(fraction), width: fractionDigits)
        }
        digits.put(byte: UInt8(ascii: "Z"))
        return digits.count
    }
    package var description: String { rfc3339 }
}
