import Testing
import Values

func instant(_ text: String) -> Instant { Instant(rfc3339: text)! }

@Suite struct InstantTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"), ("2026-11-20T21:28:00.5Z", "2026-11-20T21:28:00.5Z"),
        ("2026-11-20T21:28:00.000001Z", "2026-11-20T21:28:00.000001Z"),
        ("2026-11-20T21:28:00.120000Z", "2026-11-20T21:28:00.12Z"),
        ("2026-11-20T21:28:00.000000Z", "2026-11-20T21:28:00Z"), ("2026-11-20T21:28:00+08:00", "2026-11-20T13:28:00Z"),
        ("2026-11-20T21:28:00-03:30", "2026-11-21T00:58:00Z"), ("2026-11-20t21:28:00z", "2026-11-20T21:28:00Z"),
        ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"), ("2024-02-29T00:00:00-00:00", "2024-02-29T00:00:00Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"), ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ])
    func `a time reads and writes`(text: String, written: String) { #expect(Instant(rfc3339: text)?.rfc3339 == written) }

    @Test(arguments: [
        "", "2026-11-20", "2026-11-20T21:28:00", "2026-11-20 21:28:00Z", "2026-11-20T21:28Z", "2026-11-20T24:00:00Z",
        "2026-11-20T21:60:00Z", "2026-11-20T23:59:60Z", "2026-02-30T00:00:00Z", "2026-11-20T21:28:00.Z",
        "2026-11-20T21:28:00.1234567Z", "2026-11-20T21:28:00,5Z", "2026-11-20T21:28:00+24:00", "2026-11-20T21:28:00+08:60",
        "2026-11-20T21:28:00+0800", "2026-11-20T21:28:00Z ", " 2026-11-20T21:28:00Z", "2026-11-20T21:28:00ZZ",
        "2026-1-20T21:28:00Z", "+2026-11-20T21:28:00Z", "2026-11-20T21:28:00.\(String(repeating: "0", count: 500))Z",
    ])
    func `a text that is no time is refused`(text: String) { #expect(Instant(rfc3339: text) == nil) }

    @Test func `days are 24 hours and the ends do not trap`() {
        #expect(instant("2026-03-07T12:00:00Z").adding(days: 90).rfc3339 == "2026-06-05T12:00:00Z")
        #expect(Instant(microseconds: .max).adding(days: 1) == Instant(microseconds: .max))
        #expect(Instant(microseconds: .min).adding(seconds: -1) == Instant(microseconds: .min))
        #expect(Instant(microseconds: 0).adding(days: .max) == Instant(microseconds: .max))
        #expect(Instant(microseconds: .min).microseconds(until: Instant(microseconds: .max)) == .max)
        #expect(!Instant(microseconds: .max).rfc3339.isEmpty && !Instant(microseconds: .min).rfc3339.isEmpty)
    }

    @Test func `a period holds its beginning and not its end`() {
        let period = Period(from: instant("2026-11-01T00:00:00Z"), to: instant("2026-12-01T00:00:00Z"))
        #expect(period.contains(period.from))
        #expect(period.contains(period.to.adding(microseconds: -1)))
        #expect(!period.contains(period.to))
        #expect(!period.overlaps(Period(from: period.to, to: period.to.adding(days: 1))))
        #expect(period.overlaps(Period(from: period.from.adding(days: 29), to: period.to.adding(days: 1))))
        #expect(Period(checking: period.to, period.from) == nil)
    }
}
