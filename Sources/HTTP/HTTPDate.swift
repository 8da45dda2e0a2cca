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

/// An instant as HTTP writes it: "Sun, 06 Nov 1994 08:49:37 GMT". For Last-Modified and Expires too.
package func httpDate(secondsSince1970 seconds: Int64) -> String {
    var time = time_t(seconds)
    var parts = tm()
    gmtime_r(&time, &parts)
    let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let date = "\(days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) \(parts.tm_year + 1900)"
    return "\(date) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT"
}
