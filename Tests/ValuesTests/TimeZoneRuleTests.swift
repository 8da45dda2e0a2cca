import Testing
import Values

func zone(_ name: String) -> TimeZoneRule { TimeZoneRule(identifier: name)! }

@Suite struct TimeZoneRuleTests {
    @Test(arguments: [
        ("Asia/Shanghai", "2026-11-20", "2026-11-19T16:00:00Z"), ("UTC", "2026-11-20", "2026-11-20T00:00:00Z"),
        ("America/New_York", "2026-03-08", "2026-03-08T05:00:00Z"), ("America/New_York", "2026-03-09", "2026-03-09T04:00:00Z"),
        ("America/New_York", "2026-11-02", "2026-11-02T05:00:00Z"),
        // Midnight jumped over: the day begins at 01:00.
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"), ("Asia/Beirut", "2025-03-30", "2025-03-29T22:00:00Z"),
        // The clock went from 00:00 back to 23:00: the day begins when midnight comes to stay.
        ("America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00:00Z"),
        ("Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30:00Z"),
        ("Australia/Lord_Howe", "2026-10-05", "2026-10-04T13:00:00Z"),
        ("Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00Z"), ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"),
        // A day that Samoa left out begins where the next one does.
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"),
    ])
    func `a day begins at its first instant`(name: String, day: String, expected: String) {
        let start = zone(name).startOfDay(date(day))
        #expect(start.rfc3339 == expected)
        if day != "2011-12-30" { #expect(zone(name).date(at: start) == date(day)) }
        #expect(zone(name).date(at: start.adding(microseconds: -1)) < date(day))
    }

    @Test(arguments: [
        // Gap: 02:30 is read with the offset before the jump and shows as 03:30.
        ("America/New_York", "2026-03-08", 2, 30, "2026-03-08T07:30:00Z"),
        // Overlap: the first of the two.
        ("America/New_York", "2026-11-01", 1, 30, "2026-11-01T05:30:00Z"),
        ("Australia/Lord_Howe", "2026-10-04", 2, 15, "2026-10-03T15:45:00Z"),
        ("Australia/Lord_Howe", "2026-04-05", 1, 45, "2026-04-04T14:45:00Z"),
        ("Pacific/Apia", "2011-12-30", 12, 0, "2011-12-30T22:00:00Z"),
        ("Asia/Shanghai", "2026-11-20", 9, 0, "2026-11-20T01:00:00Z"),
    ])
    func `a wall-clock time has one instant`(name: String, day: String, hour: Int, minute: Int, expected: String) {
        #expect(zone(name).instant(date(day), hour: hour, minute: minute).rfc3339 == expected)
    }

    @Test(arguments: [
        ("UTC", "2026-01-31T10:00:00Z", 1, "2026-02-28T10:00:00Z"), ("UTC", "2024-02-29T10:00:00Z", 12, "2025-02-28T10:00:00Z"),
        // The last day of a month in Shanghai is another day in UTC.
        ("Asia/Shanghai", "2026-01-30T16:30:00Z", 1, "2026-02-27T16:30:00Z"),
        // Wall-clock time stays across daylight saving.
        ("America/New_York", "2026-02-15T17:00:00Z", 1, "2026-03-15T16:00:00Z"),
        ("America/New_York", "2026-02-08T07:30:00.000001Z", 1, "2026-03-08T07:30:00.000001Z"),
        ("UTC", "2026-03-31T00:00:00Z", -1, "2026-02-28T00:00:00Z"),
    ])
    func `months are civil months in the zone`(name: String, start: String, months: Int, expected: String) {
        #expect(zone(name).adding(months: months, to: instant(start)).rfc3339 == expected)
    }

    @Test func `days of daylight saving are 23 and 25 hours, months keep their ends`() {
        let newYork = zone("America/New_York")
        func hours(_ day: String) -> Int64 {
            let period = newYork.period(of: date(day))
            return period.from.microseconds(until: period.to) / 3_600_000_000
        }
        #expect(hours("2026-03-08") == 23)
        #expect(hours("2026-11-01") == 25)
        #expect(hours("2026-11-02") == 24)
        #expect(zone("Pacific/Apia").period(of: date("2011-12-30")).isEmpty)
        #expect(newYork.period(of: CivilMonth(iso: "2026-11")!).to.rfc3339 == "2026-12-01T05:00:00Z")
    }

    @Test(arguments: [
        "America/New_York", "Asia/Shanghai", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Beirut",
        "Africa/Casablanca", "Asia/Kolkata", "Antarctica/Troll", "Europe/Kyiv",
    ])
    func `civil time goes there and back, and days tile time`(name: String) {
        let zone = zone(name)
        var day = date("2009-12-25")
        while day < date("2028-01-10") {
            let start = zone.startOfDay(day)
            let next = zone.startOfDay(day.adding(days: 1))
            guard start <= next, start == next || zone.date(at: start) == day,
                start == next || zone.date(at: next.adding(microseconds: -1)) == day
            else {
                Issue.record("\(name) \(day): \(start) to \(next)")
                return
            }
            let noon = zone.instant(day, hour: 12, minute: 34, second: 56, microsecond: 789)
            let civil = zone.civil(at: noon)
            if start != next {
                #expect((civil.date, civil.hour, civil.minute, civil.second, civil.microsecond) == (day, 12, 34, 56, 789))
            }
            day = day.adding(days: 1)
        }
    }

    @Test func `midnight that comes twice begins the day the first time`() {
        // St John's, 2010-11-07: at 00:01 the clock went back to 23:01.
        #expect(zone("America/St_Johns").startOfDay(date("2010-11-07")).rfc3339 == "2010-11-07T02:30:00Z")
    }

    @Test(arguments: [
        "", "EST", "GMT+8", "PRC", "Nope/Zone", "asia/shanghai", "../etc/passwd", "+08:00", "Asia/Shanghai ", "utc",
    ])
    func `a name that is no zone is refused`(name: String) { #expect(TimeZoneRule(identifier: name) == nil) }

    @Test func `offsets are seconds east`() {
        #expect(TimeZoneRule.utc.offsetSeconds(at: instant("2026-01-01T00:00:00Z")) == 0)
        #expect(zone("Australia/Lord_Howe").offsetSeconds(at: instant("2026-01-01T00:00:00Z")) == 39_600)
        #expect(zone("America/New_York").offsetSeconds(at: instant("2026-01-01T00:00:00.000001Z")) == -18_000)
        #expect(zone("America/New_York").offsetSeconds(at: Instant(microseconds: .max)) <= 0)
    }
}
