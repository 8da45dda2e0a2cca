import HTTP
import Testing

private typealias Case = (text: String, seconds: Int64)

/// 1994-11-06T08:49:37Z, the example of RFC 9110.
private let example: Int64 = 784_111_777
/// 2026-11-30T12:00:00Z
private let now: Int64 = 1_796_040_000

/// What `Retry-After` says, and how long that is.
private let waits: [Case] = [
    ("0", 0), ("120", 120), ("0120", 120), ("86401", 86_401), ("99999999999999999999999", Int64.max),
    (httpDate(secondsSince1970: now), 0), (httpDate(secondsSince1970: now + 1), 1), (httpDate(secondsSince1970: now - 1), 0),
    ("Sun, 06 Nov 1994 08:49:37 GMT", 0), (httpDate(secondsSince1970: now + 7_200), 7_200),
    ("Monday, 30-Nov-26 12:02:00 GMT", 120), ("Mon Nov 30 12:02:00 2026", 120),
    ("Fri, 31 Dec 9999 23:59:59 GMT", 251_606_260_799),
]

@Suite struct `A date of HTTP` {
    @Test(arguments: [
        ("Sun, 06 Nov 1994 08:49:37 GMT", example), ("Sunday, 06-Nov-94 08:49:37 GMT", example),
        ("Sun Nov  6 08:49:37 1994", example), ("Sun Nov 06 08:49:37 1994", example),
        // Two digits: more than 50 years ahead is a century ago.
        ("Monday, 30-Nov-76 12:00:00 GMT", 3_373_963_200), ("Wednesday, 30-Nov-77 12:00:00 GMT", 249_739_200),
        ("Thu, 29 Feb 2024 00:00:00 GMT", 1_709_164_800), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Wed, 31 Dec 1969 23:59:59 GMT", -1), ("Sat, 31 Dec 2016 23:59:60 GMT", 1_483_228_800),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
        // The day of the week is not looked up.
        ("Mon, 06 Nov 1994 08:49:37 GMT", example),
    ]) func `is read in its three forms`(text: String, seconds: Int64) {
        #expect(secondsSince1970(httpDate: text, now: now) == seconds)
    }

    @Test(arguments: [
        "", " ", "GMT", "soon", "2026-11-30T12:00:00Z", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET",
        "Sun, 06 Nov 1994 08:49:37 GMT+1", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 31 Apr 2026 00:00:00 GMT", "Sun, 29 Feb 2023 00:00:00 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:00 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 08:49 GMT", "Sun, 06 Nov 94 08:49:37 GMT", "Sun, 06 Nov -994 08:49:37 GMT",
        "Sun 06 Nov 1994 08:49:37 GMT",
        "Xyz, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-1994 08:49:37 GMT", "Sun, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 94", "Sun, ٠٦ Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
    ]) func `is nothing else`(text: String) { #expect(secondsSince1970(httpDate: text, now: now) == nil) }

    @Test(arguments: [0, example, now, 1_709_164_800, 253_402_300_799]) func `that is written is read again`(seconds: Int64) {
        #expect(secondsSince1970(httpDate: httpDate(secondsSince1970: seconds), now: now) == seconds)
    }

    @Test(arguments: waits) func `or a number says how long to wait`(text: String, seconds: Int64) {
        #expect(secondsToWait(retryAfter: text, now: now) == seconds)
    }

    @Test(arguments: ["", "-5", "+5", "1.5", "5s", "1e3", "soon", "٥", "5, 6", "30 Nov 2026 12:02:00 GMT"])
    func `or neither, and then nothing is asked for`(text: String) { #expect(secondsToWait(retryAfter: text, now: now) == nil) }
}
