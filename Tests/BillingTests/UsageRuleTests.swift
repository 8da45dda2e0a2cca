import Billing
import Testing
import Values

@Suite struct UsageSharesTests {
    private func shares(_ parts: [String]) throws -> [String] {
        try UsageShares.amounts(of: parts.map(decimal), currency: .cny).map(\.decimalString)
    }

    @Test func `the missing units go to the largest remainders, to the first of equal ones`() throws {
        #expect(try shares(["0.333", "0.333", "0.334"]) == ["0.33", "0.33", "0.34"])
        #expect(try shares(["0.005", "0.005"]) == ["0.01", "0.00"])
        #expect(try shares(["1.001", "1.001", "1.001"]) == ["1.00", "1.00", "1.00"])
        #expect(try shares(["0.004", "0.004", "0.004"]) == ["0.01", "0.00", "0.00"])
        #expect(try shares([]) == [])
        #expect(try shares(["12"]) == ["12.00"])
    }

    @Test func `a credit note is shared the same way`() throws {
        #expect(try shares(["-0.005", "0.005"]) == ["0.00", "0.00"])
        #expect(try shares(["-1.004", "-1.004"]) == ["-1.00", "-1.01"])
        #expect(try shares(["-0.001", "2.001"]) == ["0.00", "2.00"])
    }

    @Test(arguments: 0..<200)
    func `parts add up to the rounded whole and none is a unit away`(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let parts = (0..<Int.random(in: 1...40, using: &random)).map { _ in
            try! ExactDecimal(coefficient: Int128(Int64.random(in: -5_000_000...50_000_000, using: &random)), scale: 6)
        }
        let amounts = try UsageShares.amounts(of: parts, currency: .cny)
        let exact = try parts.reduce(ExactDecimal.zero) { sum, part in try sum.adding(part) }
        #expect(amounts.reduce(Int64(0)) { $0 + $1.minor } == (try Money(rounding: exact, currency: .cny)).minor)
        for (part, amount) in zip(parts, amounts) {
            #expect(try amount.exact.subtracting(part).magnitude < decimal("0.01"))
        }
    }

    @Test func `each bill line is rounded by itself, and its cells share it`() throws {
        let cells = [("a", "0.004"), ("b", "0.006"), ("a", "0.004"), ("b", "0.006")].map { (line: $0.0, cost: decimal($0.1)) }
        #expect(try UsageShares.amounts(of: cells, currency: .cny).map(\.decimalString) == ["0.01", "0.01", "0.00", "0.00"])
    }
}

@Suite struct UsageDayTests {
    @Test(arguments: [
        ("Asia/Shanghai", "2026-03-08", "2026-03-08T22:00:00Z"), ("America/New_York", "2026-03-07", "2026-03-08T10:00:00Z"),
        ("America/New_York", "2026-10-31", "2026-11-01T11:00:00Z"),
    ])
    func `a day is complete at six the next morning, by the wall clock`(name: String, day: String, at: String) throws {
        let date = try #require(CivilDate(iso: day))
        #expect(UsageDay.completeAt(date, in: zone(name)) == instant(at))
        #expect(!UsageDay.isComplete(date, at: instant(at).justBefore, in: zone(name)))
        #expect(UsageDay.isComplete(date, at: instant(at), in: zone(name)))
        #expect(UsageDay.lastComplete(at: instant(at), in: zone(name)) == date)
        #expect(UsageDay.lastComplete(at: instant(at).justBefore, in: zone(name)) == date.adding(days: -1))
    }

    @Test func `what comes after that is late`() {
        let used = instant("2026-03-01T15:59:59Z")
        #expect(!UsageDay.isLate(usedAt: used, receivedAt: instant("2026-03-01T21:59:59Z"), in: zone("Asia/Shanghai")))
        #expect(UsageDay.isLate(usedAt: used, receivedAt: instant("2026-03-01T22:00:00Z"), in: zone("Asia/Shanghai")))
        #expect(
            !UsageDay.isLate(
                usedAt: instant("2026-03-01T16:00:00Z"), receivedAt: instant("2026-03-02T21:00:00Z"), in: zone("Asia/Shanghai")))
    }
}

@Suite struct UnbilledEstimateTests {
    private func line(_ month: String, _ exact: String, waiting: String = "0") throws -> UnbilledEstimate.Line {
        UnbilledEstimate.Line(
            month: CivilMonth(iso: month)!, exact: decimal(exact), posted: try Money(rounding: decimal(exact), currency: .cny),
            waiting: decimal(waiting))
    }

    @Test func `open months count as posted, waiting usage as what it will move`() throws {
        let lines = try [
            line("2026-02", "100"), line("2026-03", "10.004", waiting: "0.002"), line("2026-03", "1", waiting: "0.004"),
        ]
        let estimate = try UnbilledEstimate(lines, currency: .cny, at: instant("2026-03-20T00:00:00Z"), in: zone("Asia/Shanghai"))
        #expect(estimate.since.iso == "2026-03")
        #expect(estimate.settled == cny("11.00"))
        #expect(estimate.unsettled == cny("0.01"))
        #expect(estimate.total == cny("11.01"))
        #expect(estimate.monthToDate == cny("11.01"))
    }

    @Test func `until the 4th in the account's zone the month before is open too`() throws {
        let lines = try [line("2026-02", "100", waiting: "1"), line("2026-03", "10")]
        let shanghai = zone("Asia/Shanghai")
        let close = instant("2026-03-03T16:00:00Z")
        let before = try UnbilledEstimate(lines, currency: .cny, at: close.justBefore, in: shanghai)
        #expect(before.since.iso == "2026-02")
        #expect(before.total == cny("111.00"))
        #expect(before.monthToDate == cny("10.00"))
        let after = try UnbilledEstimate(lines, currency: .cny, at: close, in: shanghai)
        #expect(after.settled == cny("10.00"))
        #expect(after.unsettled == cny("1.00"), "late usage of a closed month goes to the next bill (B8)")
    }
}
