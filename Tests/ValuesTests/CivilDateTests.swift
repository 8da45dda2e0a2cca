import Testing
import Values

func date(_ iso: String) -> CivilDate { CivilDate(iso: iso)! }

@Suite struct CivilDateTests {
    @Test(arguments: [
        ("2026-01-31", 1, "2026-02-28"), ("2024-01-31", 1, "2024-02-29"), ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-29"), ("2026-03-31", -1, "2026-02-28"), ("2026-12-31", 2, "2027-02-28"),
        ("2026-08-31", 1, "2026-09-30"), ("2026-01-15", -13, "2024-12-15"), ("2026-11-30", 0, "2026-11-30"),
        ("2000-02-29", 1200, "2100-02-28"),
    ])
    func `months clamp to the end of the month`(start: String, months: Int, expected: String) {
        #expect(date(start).adding(months: months).iso == expected)
    }

    @Test func `counting from the original date is not counting from the previous result`() {
        let original = date("2026-01-31")
        #expect(original.adding(months: 2).iso == "2026-03-31")
        #expect(original.adding(months: 1).adding(months: 1).iso == "2026-03-28")
    }

    @Test func `every day from 1599 to 2401 follows the one before it`() {
        var day = date("1599-12-31")
        var expectedNumber = day.daysSinceEpoch
        while day.year < 2402 {
            let next = day.adding(days: 1)
            expectedNumber += 1
            let nextInMonth = day.day < day.daysInMonth
            let rolls = next.day == 1 && (next.month == day.month + 1 || (next.month == 1 && next.year == day.year + 1))
            guard next.daysSinceEpoch == expectedNumber, nextInMonth ? next.day == day.day + 1 : rolls else {
                Issue.record("\(day) is followed by \(next)")
                return
            }
            day = next
        }
    }

    @Test func `known days have known numbers and weekdays`() {
        #expect(date("1970-01-01").daysSinceEpoch == 0)
        #expect(date("2000-03-01").daysSinceEpoch == 11_017)
        #expect(date("1969-12-31").daysSinceEpoch == -1)
        #expect(date("1970-01-01").dayOfWeek == 4)
        #expect(date("2026-11-30").dayOfWeek == 1)
        #expect(date("1969-12-28").dayOfWeek == 7)
        #expect(date("2026-11-01").daysUntil(date("2027-11-01")) == 365)
        #expect(date("2026-11-02").daysUntil(date("2026-11-01")) == -1)
    }

    @Test(arguments: [
        "2026-02-29", "2026-13-01", "2026-00-10", "2026-01-00", "2026-04-31", "1900-02-29", "26-01-01", "2026-1-01",
        "2026-01-01 ",
        "+026-01-01", "2026/01/01", "", "0000-01-01", "２０２６-01-01", "2026-01-011",
    ])
    func `a text that is no date is refused`(text: String) { #expect(CivilDate(iso: text) == nil) }

    @Test func `arithmetic stops at its border instead of trapping`() {
        #expect(date("2026-01-01").adding(days: .max) > date("9999-12-31"))
        #expect(date("2026-01-01").adding(days: .min) < date("0001-01-01"))
        #expect(date("2026-01-01").adding(months: .max) > date("9999-12-31"))
        #expect(date("2026-01-01").adding(months: .min) < date("0001-01-01"))
    }

    @Test func `a month knows its ends and its neighbours`() {
        let month = CivilMonth(iso: "2026-12")!
        #expect(month.next.iso == "2027-01")
        #expect(month.last.iso == "2026-12-31")
        #expect(CivilMonth(of: date("2024-02-29")).last.iso == "2024-02-29")
        #expect(CivilMonth(iso: "2026-11")! < month)
        for text in ["2026-13", "2026-00", "2026-1", "2026-11-01", "", "2026-1x"] { #expect(CivilMonth(iso: text) == nil) }
    }
}
