import Glibc

/// The value of the Date header, made once a second. On one loop only.
struct HTTPDateCache {
    private var second: time_t = -1
    private(set) var text: [UInt8] = []

    /// The current date in the form of RFC 9110, 5.6.7.
    mutating func current() -> [UInt8] {
        let now = time(nil)
        if now != second {
            second = now
            text = Array(httpDate(secondsSince1970: Int64(now)).utf8)
        }
        return text
    }
}

private let dayNames = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
private let longDayNames = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
private let monthNames = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

/// An instant as HTTP writes it: "Sun, 06 Nov 1994 08:49:37 GMT". For Last-Modified and Expires too.
package func httpDate(secondsSince1970 seconds: Int64) -> String {
    var time = time_t(seconds)
    var parts = tm()
    gmtime_r(&time, &parts)
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let date = "\(dayNames[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(monthNames[Int(parts.tm_mon)]) \(parts.tm_year + 1900)"
    return "\(date) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT"
}

/// Reads what others write, in any of the three forms that a recipient has to know (RFC 9110, 5.6.7):
/// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`.
///
/// - Parameter now: a year of two digits that would be more than 50 years ahead is the one a century before.
/// - Returns: nil for what is no such date. That the day of the week fits the date is not asked.
package func secondsSince1970(httpDate text: String, now: Int64) -> Int64? {
    let words = text.split(separator: " ").map(String.init)
    switch words.count {
    case 6 where words[0].last == "," && dayNames.contains(String(words[0].dropLast())) && words[5] == "GMT":
        return seconds(day: digits(words[1], 2), month: words[2], year: digits(words[3], 4), time: words[4])
    case 4 where words[0].last == "," && longDayNames.contains(String(words[0].dropLast())) && words[3] == "GMT":
        let date = words[1].split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard date.count == 3, let year = digits(date[2], 2) else { return nil }
        func inCentury(_ century: Int) -> Int64? {
            seconds(day: digits(date[0], 2), month: date[1], year: century + year, time: words[2])
        }
        let century = yearOf(now) / 100 * 100
        guard let here = inCentury(century) else { return nil }
        return yearOf(here) > yearOf(now) + 50 ? inCentury(century - 100) : here
    case 5 where dayNames.contains(words[0]):
        return seconds(day: digits(words[2], 1...2), month: words[1], year: digits(words[4], 4), time: words[3])
    default: return nil
    }
}

private func yearOf(_ seconds: Int64) -> Int {
    var (time, parts) = (time_t(seconds), tm())
    gmtime_r(&time, &parts)
    return Int(parts.tm_year) + 1900
}

private func digits(_ text: String, _ count: Int) -> Int? { digits(text, count...count) }
private func digits(_ text: String, _ counts: ClosedRange<Int>) -> Int? {
    counts.contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
}

private func seconds(day: Int?, month: String, year: Int?, time: String) -> Int64? {
    let clock = time.split(separator: ":", omittingEmptySubsequences: false).map { digits(String($0), 2) }
    guard let day, let month = monthNames.firstIndex(of: month), let year, clock.count == 3, let hour = clock[0],
        let minute = clock[1], let second = clock[2], hour < 24, minute < 60, second <= 60, day >= 1
    else { return nil }
    var parts = tm()
    (parts.tm_year, parts.tm_mon, parts.tm_mday) = (Int32(year - 1900), Int32(month), Int32(day))
    (parts.tm_hour, parts.tm_min) = (Int32(hour), Int32(minute))
    let whole = timegm(&parts)
    // 31 April became 1 May on the way: there is no such day. A leap second is the one after it.
    return parts.tm_mday == day ? Int64(whole) + Int64(second) : nil
}

/// How long `Retry-After` asks to wait from now on (RFC 9110, 10.2.3): seconds, or a date; one that is past asks for nothing. However far ahead it is,
/// the answer is a number that can be capped. Nil for what is neither.
package func secondsToWait(retryAfter text: String, now: Int64) -> Int64? {
    if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) { return Int64(text) ?? .max }
    return secondsSince1970(httpDate: text, now: now).map { max(0, $0 - now) }
}
