import Billing
import Testing
import Values

let march = CivilMonth(iso: "2026-03")!

func record(_ number: UInt64, at time: Instant, _ cost: String, product: String = "vm", month: CivilMonth = march)
    -> UnsettledRecord
{
    UnsettledRecord(
        id: UsageRecordID(UUIDBits(high: 1, low: number)), time: time,
        item: BillItem(product: product, meter: "hours", month: month),
        quantity: .one, cost: decimal(cost))
}

@Suite struct SettlementTests {
    private func settle(
        _ records: [UnsettledRecord], totals: [BillItem: RunningTotal] = [:], lots: [CreditLot], owing: String = "0"
    ) throws(SettlementError) -> CreditSettlement {
        try Settlement.settle(records, totals: totals, lots: lots, outstanding: cny(owing))
    }

    @Test func `three thirds of a cent post one cent, when it is full`() throws {
        let lots = [lot(1, "10")]
        let first = try settle([record(1, at: start, "0.004")], lots: lots)
        #expect(first.posted.isZero && first.draws.isEmpty)
        let second = try settle([record(2, at: start, "0.004")], totals: first.totals, lots: first.lots)
        #expect(second.posted == cny("0.01"), "0.008 rounds half up")
        let third = try settle([record(3, at: start, "0.004")], totals: second.totals, lots: second.lots)
        #expect(third.posted.isZero)
        let item = BillItem(product: "vm", meter: "hours", month: march)
        #expect(third.totals[item] == RunningTotal(quantity: decimal("3"), exact: decimal("0.012"), posted: cny("0.01")))
    }

    @Test func `each bill item rounds for itself`() throws {
        let other = CivilMonth(iso: "2026-04")!
        let records = [
            record(1, at: start, "0.005"), record(2, at: start, "0.005", product: "disk"),
            record(3, at: start, "0.005", month: other),
        ]
        #expect(try settle(records, lots: [lot(1, "10")]).posted == cny("0.03"))
    }

    @Test func `what the credit does not cover is outstanding`() throws {
        let result = try settle([record(1, at: start, "15")], lots: [lot(1, "4", days: 20), lot(2, "6", days: 10)])
        #expect(result.draws == [LotDraw(lotID: lotID(2), amount: cny("6")), LotDraw(lotID: lotID(1), amount: cny("4"))])
        #expect(result.outstandingChange == cny("5") && result.outstanding == cny("5"))
        #expect(result.isCreditEmpty)
    }

    @Test func `emptied to the last cent is empty, one cent left is not`() throws {
        #expect(try settle([record(1, at: start, "10")], lots: [lot(1, "10")]).isCreditEmpty)
        #expect(try !settle([record(1, at: start, "9.994")], lots: [lot(1, "10")]).isCreditEmpty)
        #expect(try settle([record(1, at: start, "9.995")], lots: [lot(1, "10")]).isCreditEmpty)
    }

    @Test func `credit that waits for its own expiry is not exhausted`() throws {
        // The lot's time is over and its timer has not run: the expiry will say credit_expired.
        let result = try settle([record(1, at: start.adding(days: 29), "3")], lots: [lot(1, "10", days: 30)])
        #expect(!result.isCreditEmpty && result.lots[0].remaining == cny("7"))
    }

    @Test func `a lot pays only for usage of its own time`() throws {
        let early = lot(1, "10", days: 30)
        let late = lot(2, "10", from: start.adding(days: 20), days: 365)
        let records = [
            record(1, at: start.justBefore, "1"), record(2, at: start.adding(days: 25), "2"),
            record(3, at: early.expiresAt.justBefore, "3"),
            record(4, at: early.expiresAt, "4"), record(5, at: late.expiresAt, "5"),
        ]
        let result = try settle(records, lots: [late, early])
        #expect(result.draws == [LotDraw(lotID: early.id, amount: cny("5")), LotDraw(lotID: late.id, amount: cny("4"))])
        #expect(result.outstandingChange == cny("6"))
    }

    @Test func `a lot's share is the rounded total at its end minus that at its start`() throws {
        // One item at 0.0049 an hour; the lots change in the middle.
        let first = lot(1, "100", days: 10)
        let second = lot(2, "100", from: first.expiresAt, days: 10)
        let records = (0..<480).map { record(UInt64($0), at: start.adding(seconds: Int64($0) * 3_600), "0.0049") }
        let result = try settle(records.shuffled(), lots: [second, first])
        // 240 × 0.0049 = 1.176 and 480 × 0.0049 = 2.352.
        #expect(result.draws == [LotDraw(lotID: first.id, amount: cny("1.18")), LotDraw(lotID: second.id, amount: cny("1.17"))])
    }

    @Test func `a forfeited lot pays nothing more`() throws {
        let gone = lot(1, "10", left: "0", days: 30, expiredAt: start.adding(days: 30))
        let result = try settle([record(1, at: start, "3")], lots: [gone])
        #expect(result.draws.isEmpty && result.outstanding == cny("3") && result.isCreditEmpty)
        // Whatever amount its row still shows: once forfeited it is no credit.
        let stale = lot(1, "10", left: "4", days: 30, expiredAt: start.adding(days: 30))
        #expect(try settle([record(1, at: start, "3")], lots: [stale]).isCreditEmpty)
    }

    @Test func `a credit note undoes what was charged last`() throws {
        let charged = try settle([record(1, at: start, "15")], lots: [lot(1, "4", days: 20), lot(2, "6", days: 10)])
        let small = try settle([record(2, at: start, "-3")], totals: charged.totals, lots: charged.lots, owing: "5")
        #expect(small.outstandingChange == cny("-3") && small.draws.isEmpty && small.surplus.isZero)
        let middle = try settle([record(2, at: start, "-8")], totals: charged.totals, lots: charged.lots, owing: "5")
        #expect(middle.outstanding.isZero && middle.draws == [LotDraw(lotID: lotID(1), amount: cny("-3"))])
        let large = try settle([record(2, at: start, "-20")], totals: charged.totals, lots: charged.lots, owing: "5")
        #expect(large.draws == [LotDraw(lotID: lotID(2), amount: cny("-6")), LotDraw(lotID: lotID(1), amount: cny("-4"))])
        #expect(large.surplus == cny("5") && large.posted == cny("-20") && !large.isCreditEmpty)
        let expired = try settle([record(2, at: start.adding(days: 15), "-8")], totals: charged.totals, lots: charged.lots)
        #expect(expired.draws == [LotDraw(lotID: lotID(1), amount: cny("-4"))] && expired.surplus == cny("4"))
    }

    @Test func `sums that do not fit are an error`() throws {
        let huge = "90000000000000000"
        #expect(throws: SettlementError.overflow) {
            try settle([record(1, at: start, huge), record(2, at: start, huge, product: "disk")], lots: [])
        }
        #expect(throws: SettlementError.overflow) { try settle([record(1, at: start, "10000000000000000000")], lots: []) }
        #expect(throws: SettlementError.overflow) { try settle([record(1, at: start, huge)], lots: [], owing: huge) }
        #expect(throws: SettlementError.currencyMismatch) {
            try Settlement.settle([record(1, at: start, "1")], totals: [:], lots: [lot(1, "1")], outstanding: .zero(.usd))
        }
    }

    @Test func `nothing to settle changes nothing`() throws {
        let result = try settle([], lots: [lot(1, "10")], owing: "2")
        #expect(result.posted.isZero && result.totals.isEmpty && result.draws.isEmpty && result.outstanding == cny("2"))
    }

    // MARK: Properties

    private struct History {
        var records: [UnsettledRecord] = []
        var lots: [CreditLot] = []

        init(seed: Int, negative: Bool) {
            var random = SplitMix64(seed: UInt64(seed))
            for number in 0..<UInt64.random(in: 1...5, using: &random) {
                let from = start.adding(days: Int64.random(in: 0...20, using: &random))
                lots.append(
                    lot(
                        number + 1, "\(Int.random(in: 1...40, using: &random)).37", from: from,
                        days: .random(in: 1...40, using: &random)))
            }
            for number in 0..<UInt64.random(in: 1...80, using: &random) {
                let units = Int.random(in: (negative ? -400_000 : 0)...3_000_000, using: &random)
                let cost = try! ExactDecimal(coefficient: Int128(units), scale: Int.random(in: 4...9, using: &random))
                let time = start.adding(seconds: Int64.random(in: 0...(60 * 86_400), using: &random))
                let product = ["vm", "disk", "net"].randomElement(using: &random)!
                records.append(record(number, at: time, cost.description, product: product))
            }
        }
    }

    @Test(arguments: 0..<300)
    func `cutting the records into settlements changes nothing`(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed) &+ 7_777)
        let history = History(seed: seed, negative: seed.isMultiple(of: 3))
        let whole = try settle(history.records, lots: history.lots)
        var (totals, lots, owing, posted) = ([BillItem: RunningTotal](), history.lots, cny("0"), Int64(0))
        var rest = history.records.sorted { ($0.time, $0.id) < ($1.time, $1.id) }[...]
        while !rest.isEmpty {
            let batch = rest.prefix(Int.random(in: 1...9, using: &random))
            rest = rest.dropFirst(batch.count)
            let part = try Settlement.settle(batch.shuffled(using: &random), totals: totals, lots: lots, outstanding: owing)
            totals.merge(part.totals) { _, new in new }
            (lots, owing, posted) = (part.lots, part.outstanding, posted + part.posted.minor)
        }
        #expect(totals == whole.totals, "seed \(seed)")
        #expect(lots == whole.lots && owing == whole.outstanding && posted == whole.posted.minor, "seed \(seed)")
    }

    @Test(arguments: 0..<300)
    func `parts add up, nothing is overdrawn, totals are the rounded sums`(seed: Int) throws {
        let history = History(seed: seed, negative: !seed.isMultiple(of: 2))
        let result = try settle(history.records, lots: history.lots, owing: "1.11")
        let drawn = result.draws.reduce(Int64(0)) { $0 + $1.amount.minor }
        #expect(drawn + result.outstandingChange.minor - result.surplus.minor == result.posted.minor, "seed \(seed)")
        #expect(result.lots.allSatisfy { (0...$0.amount.minor).contains($0.remaining.minor) }, "seed \(seed)")
        #expect(!result.outstanding.isNegative && !result.surplus.isNegative, "seed \(seed)")
        for (item, total) in result.totals {
            let exact = try history.records.filter { $0.item == item }.reduce(ExactDecimal.zero) { try $0.adding($1.cost) }
            #expect(total.exact == exact, "seed \(seed)")
            #expect(total.posted == (try Money(rounding: exact, currency: .cny)), "seed \(seed)")
        }
        let posted = result.totals.values.reduce(Int64(0)) { $0 + $1.posted.minor }
        #expect(posted == result.posted.minor, "seed \(seed)")
    }
}
