import Testing
import Values

@testable import Billing

@Suite struct `M13 Monday notices` {
    private func zone(_ name: String) throws -> TimeZoneRule { try #require(TimeZoneRule(identifier: name)) }
    private func at(_ text: String) throws -> Instant { try #require(Instant(rfc3339: text)) }

    @Test(arguments: [
        ("Asia/Shanghai", "2025-01-06T00:00:00Z", "2025-01-13T00:00:00Z"),
        ("Asia/Shanghai", "2025-01-05T23:59:59Z", "2025-01-06T00:00:00Z"),
        ("America/New_York", "2025-03-05T00:00:00Z", "2025-03-10T12:00:00Z"),
        ("America/New_York", "2025-11-01T00:00:00Z", "2025-11-03T13:00:00Z"),
        ("UTC", "2025-01-12T23:59:59Z", "2025-01-13T08:00:00Z"),
    ])
    func `the next one is the first Monday at eight of the account's clocks`(name: String, now: String, next: String) throws {
        #expect(BalanceNotice.next(after: try at(now), in: try zone(name)) == (try at(next)))
    }

    @Test func `a late one is about the latest Monday that has come`() throws {
        let shanghai = try zone("Asia/Shanghai")
        let due = try at("2025-01-06T00:00:00Z")
        func monday(_ now: String) throws -> String? { BalanceNotice.monday(due: due, at: try at(now), in: shanghai)?.iso }
        #expect(try monday("2025-01-06T00:00:00Z") == "2025-01-06")
        #expect(try monday("2025-01-12T23:59:59Z") == "2025-01-06")
        #expect(try monday("2025-01-13T00:00:00Z") == "2025-01-13")
        #expect(try monday("2025-02-05T00:00:00Z") == "2025-02-03")
    }

    @Test func `one that was set in another zone only moves on`() throws {
        let due = try at("2025-01-06T00:00:00Z")
        #expect(BalanceNotice.monday(due: due, at: due, in: try zone("America/New_York")) == nil)
        #expect(BalanceNotice.next(after: due, in: try zone("America/New_York")) == (try at("2025-01-06T13:00:00Z")))
    }

    @Test func `its week is seven civil days, an hour short when the clocks go forward`() throws {
        let monday = try #require(CivilDate(year: 2025, month: 3, day: 10))
        let week = BalanceNotice.week(before: monday, in: try zone("America/New_York"))
        #expect(week.from == (try at("2025-03-03T05:00:00Z")))
        #expect(week.to == (try at("2025-03-10T04:00:00Z")))
    }
}

@Suite struct `Countdowns` {
    private func at(_ text: String) throws -> Instant { try #require(Instant(rfc3339: text)) }

    private func told(_ suspended: String, days: Int64) throws -> [Int] {
        let suspendedAt = try at(suspended)
        let deleteAt = suspendedAt.adding(days: days)
        var (now, said) = (suspendedAt, [Int]())
        while let next = DeletionCountdown.next(after: now, suspendedAt: suspendedAt, deleteAt: deleteAt) {
            now = next
            said.append(try #require(DeletionCountdown.due(at: now, suspendedAt: suspendedAt, deleteAt: deleteAt)))
        }
        return said
    }

    @Test func `tell 30, 14, 7 and 1, as far as there is time for them`() throws {
        #expect(try told("2025-01-01T00:00:00Z", days: 90) == [30, 14, 7, 1])
        #expect(try told("2025-01-01T00:00:00Z", days: 15) == [14, 7, 1])
        #expect(try told("2025-01-01T00:00:00Z", days: 30) == [14, 7, 1])
        #expect(try told("2025-01-01T00:00:00Z", days: 1) == [])
    }

    @Test func `of several missed ones tell the latest, and none after the deadline`() throws {
        let suspendedAt = try at("2025-01-01T00:00:00Z")
        let deleteAt = suspendedAt.adding(days: 90)
        #expect(DeletionCountdown.due(at: deleteAt.adding(days: -5), suspendedAt: suspendedAt, deleteAt: deleteAt) == 7)
        #expect(DeletionCountdown.due(at: deleteAt.adding(days: -40), suspendedAt: suspendedAt, deleteAt: deleteAt) == nil)
        #expect(DeletionCountdown.due(at: deleteAt, suspendedAt: suspendedAt, deleteAt: deleteAt) == nil)
    }
}

@Suite struct `Low credit` {
    private let now = Instant(secondsSinceEpoch: 1_735_689_600)
    private func lot(_ number: UInt64, _ amount: Int64, _ remaining: Int64, days: Int64 = 365) -> CreditLot {
        CreditLot(
            id: LotID(at: now, random: (0, number)), amount: Money(minor: amount, currency: .cny),
            remaining: Money(minor: remaining, currency: .cny),
            source: .payment, effectiveAt: now, expiresAt: now.adding(days: days))
    }
    private func reached(_ before: [CreditLot], _ after: [CreditLot]) -> LowCredit.Level? {
        LowCredit.reached(from: before, to: after, currency: .cny, at: now)
    }

    @Test func `is a tenth of what was bought, told on the way down only`() {
        let full = lot(1, 100_000, 100_000)
        #expect(reached([full], [lot(1, 100_000, 10_001)]) == nil)
        #expect(reached([full], [lot(1, 100_000, 10_000)])?.remaining.minor == 10_000)
        #expect(reached([lot(1, 100_000, 10_000)], [lot(1, 100_000, 9_000)]) == nil)
        #expect(reached([full], [lot(1, 100_000, 0)]) == nil)
    }

    @Test func `counts all credit that can be used, and belongs to what ends last`() {
        let before = [lot(1, 100_000, 0, days: 10), lot(2, 100_000, 30_000)]
        let level = reached(before, [lot(1, 100_000, 0, days: 10), lot(2, 100_000, 20_000)])
        #expect(level?.bought.minor == 200_000)
        #expect(level?.lot == before[1].id)
    }

    @Test func `ends soon 30 civil days before, and 7 in a trial`() throws {
        let zone = try #require(TimeZoneRule(identifier: "America/New_York"))
        let expiry = try #require(Instant(rfc3339: "2025-04-01T15:00:00Z"))
        #expect(LowCredit.notice(ofExpiry: expiry, offer: .prepaid, in: zone) == Instant(rfc3339: "2025-03-02T05:00:00Z"))
        #expect(LowCredit.notice(ofExpiry: expiry, offer: .trial, in: zone) == Instant(rfc3339: "2025-03-25T04:00:00Z"))
    }
}
