import Values

/// When a charge began, as a file says it.
///
/// A time with an offset is an instant. A bare date or time is the account's own wall clock, so that a day of the file is the same day on the account's
/// pages and a charge of the file's September stays in September, wherever the account is.
enum ImportTime: Equatable {
    case at(Instant)
    case civil(CivilDate, hour: Int, minute: Int, second: Int, microsecond: Int)

    func instant(in zone: TimeZoneRule) -> Instant {
        switch self {
        case .at(let instant): instant
        case .civil(let date, 0, 0, 0, 0): zone.startOfDay(date)
        case .civil(let date, let hour, let minute, let second, let microsecond):
            zone.instant(date, hour: hour, minute: minute, second: second, microsecond: microsecond)
        }
    }

    /// The file's own day.
    var date: CivilDate {
        switch self {
        case .at(let instant): TimeZoneRule.utc.date(at: instant)
        case .civil(let date, _, _, _, _): date
        }
    }

    /// Reads `YYYY-MM-DD` and `M/D/YY`, `M/D/YYYY`, `MM/DD/YYYY` (month first, a year of two digits is of this century), each with or without a time
    /// `H:MM[:SS[.fraction]]`, `AM` or `PM`, and an offset (`Z`, `+08:00`). Decimals beyond the microsecond are cut. Nil for anything else, and for a day
    /// that does not exist.
    init?(_ text: String) {
        var reader = Reader(text)
        guard let date = reader.date() else { return nil }
        if reader.isAtEnd {
            self = .civil(date, hour: 0, minute: 0, second: 0, microsecond: 0)
            return
        }
        guard reader.take("T") || reader.take("t") || reader.take(" "), let time = reader.time() else { return nil }
        if reader.isAtEnd {
            self = .civil(date, hour: time.hour, minute: time.minute, second: time.second, microsecond: time.microsecond)
            return
        }
        _ = reader.take(" ")
        guard let offset = reader.offsetSeconds(), reader.isAtEnd else { return nil }
        let seconds = date.daysSinceEpoch * 86_400 + time.hour * 3_600 + time.minute * 60 + time.second - offset
        self = .at(Instant(secondsSinceEpoch: Int64(seconds)).adding(microseconds: Int64(time.microsecond)))
    }

    private struct Reader {
        private let bytes: [UInt8]
        private var position = 0

        // Longer than any time: what is cut shows as text left over, which is refused.
        init(_ text: String) { bytes = Array(text.utf8.prefix(48)) }

        var isAtEnd: Bool { position == bytes.count }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
            position += 1
            return true
        }

        mutating func number(_ lengths: ClosedRange<Int>) -> (value: Int, digits: Int)? {
            var end = position
            var value = 0
            while end < bytes.count, (0x30...0x39).contains(bytes[end]), end - position <= lengths.upperBound {
                value = value * 10 + Int(bytes[end] - 0x30)
                end += 1
            }
            guard lengths.contains(end - position) else { return nil }
            defer { position = end }
            return (value, end - position)
        }

        mutating func date() -> CivilDate? {
            guard let first = number(1...4) else { return nil }
            if first.digits == 4 {
                guard take("-"), let month = number(2...2), take("-"), let day = number(2...2) else { return nil }
                return CivilDate(year: first.value, month: month.value, day: day.value)
            }
            guard first.digits <= 2, take("/"), let day = number(1...2), take("/"), let year = number(2...4), year.digits != 3
            else { return nil }
            return CivilDate(year: year.digits == 2 ? 2_000 + year.value : year.value, month: first.value, day: day.value)
        }

        mutating func time() -> (hour: Int, minute: Int, second: Int, microsecond: Int)? {
            guard var hour = number(1...2)?.value, take(":"), let minute = number(2...2)?.value, minute < 60 else { return nil }
            var second = 0
            var microsecond = 0
            if take(":") {
                guard let read = number(2...2), read.value < 60 else { return nil }
                second = read.value
                if take(".") {
                    guard let fraction = number(1...9) else { return nil }
                    let nanoseconds = (fraction.digits..<9).reduce(fraction.value) { scaled, _ in scaled * 10 }
                    microsecond = nanoseconds / 1_000
                }
            }
            let mark = position
            _ = take(" ")
            let isMorning = take("A") || take("a")
            let isAfternoon = !isMorning && (take("P") || take("p"))
            if isMorning || isAfternoon {
                guard take("M") || take("m"), (1...12).contains(hour) else { return nil }
                hour = hour % 12 + (isAfternoon ? 12 : 0)
            } else {
                position = mark
            }
            return hour < 24 ? (hour, minute, second, microsecond) : nil
        }

        mutating func offsetSeconds() -> Int? {
            if take("Z") || take("z") { return 0 }
            let sign = take("+") ? 1 : take("-") ? -1 : 0
            guard sign != 0, let hours = number(2...2), hours.value < 24 else { return nil }
            _ = take(":")
            guard let minutes = number(2...2), minutes.value < 60 else { return nil }
            return sign * (hours.value * 3_600 + minutes.value * 60)
        }
    }
}
