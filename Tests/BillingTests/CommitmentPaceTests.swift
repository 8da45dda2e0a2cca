import Billing
import Testing
import Values

@Suite struct CommitmentPaceTests {
    private let now = instant("2026-03-20T00:00:00Z")

    private func date(_ text: String) -> CivilDate { CivilDate(iso: text)! }
    private func pace(_ cost: String, days: Int64 = 10) throws -> CommitmentPace {
        try #require(CommitmentPace(cost: cny(cost), since: now.adding(days: -days), at: now))
    }
    private func end(_ pace: CommitmentPace?, remaining: String, days: Int64 = 100) -> CommitmentEnd {
        .projected(pace, remaining: cny(remaining), termEnds: now.adding(days: days), at: now)
    }

    @Test func `looks back to the beginning of last month, or of the term if that is later`() {
        #expect(CommitmentPace.firstDay(today: date("2026-03-31"), termStarts: date("2025-01-01")) == date("2026-02-01"))
        #expect(CommitmentPace.firstDay(today: date("2026-01-05"), termStarts: date("2025-01-01")) == date("2025-12-01"))
        #expect(CommitmentPace.firstDay(today: date("2026-03-31"), termStarts: date("2026-03-10")) == date("2026-03-10"))
    }

    @Test func `seven days are enough, a microsecond less is not`() {
        #expect(CommitmentPace(cost: cny("7.00"), since: now.adding(days: -7), at: now)?.perDay == cny("1.00"))
        #expect(CommitmentPace(cost: cny("7.00"), since: now.adding(days: -7).adding(microseconds: 1), at: now) == nil)
        #expect(end(nil, remaining: "10.00") == .tooLittleHistory)
    }

    @Test func `a day's cost is rounded half up, the projection is not`() throws {
        #expect(try pace("0.15").perDay == cny("0.02"))
        #expect(try pace("0.14").perDay == cny("0.01"))
        #expect(end(try pace("0.15"), remaining: "0.30") == .runsOut(at: now.adding(days: 20)))
    }

    @Test func `runs out before the term ends, or outlasts it by what is left`() throws {
        #expect(end(try pace("100.00"), remaining: "250.00") == .runsOut(at: now.adding(days: 25)))
        // To the last instant of the term it lasts the term.
        #expect(end(try pace("100.00"), remaining: "1000.00") == .outlasts(term: now.adding(days: 100), unused: cny("0.00")))
        #expect(end(try pace("100.00"), remaining: "999.99") != .outlasts(term: now.adding(days: 100), unused: cny("0.00")))
        #expect(end(try pace("100.00"), remaining: "1500.00") == .outlasts(term: now.adding(days: 100), unused: cny("500.00")))
        #expect(end(try pace("0.00"), remaining: "5.00") == .outlasts(term: now.adding(days: 100), unused: cny("5.00")))
        #expect(end(try pace("-3.00"), remaining: "5.00") == .outlasts(term: now.adding(days: 100), unused: cny("5.00")))
        #expect(try pace("-3.00").perDay == cny("0.00"))
    }

    @Test func `what is used up or over is said before any rate`() throws {
        #expect(end(try pace("100.00"), remaining: "0.00") == .usedUp)
        #expect(end(nil, remaining: "0.00") == .usedUp)
        #expect(end(try pace("100.00"), remaining: "5.00", days: 0) == .termOver)
        #expect(end(nil, remaining: "5.00", days: -1) == .termOver)
    }

    @Test func `the largest amounts and the smallest cost stay inside`() throws {
        let most = Money(minor: .max, currency: .cny)
        guard
            case .outlasts(_, let unused) = CommitmentEnd.projected(
                try pace("0.01"), remaining: most, termEnds: now.adding(days: 36_500), at: now)
        else {
            Issue.record("it outlasts every term")
            return
        }
        #expect(unused.minor == .max - 3_650)
    }
}
