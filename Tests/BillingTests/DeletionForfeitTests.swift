import Billing
import Testing
import Values

@Suite struct DeletionForfeitTests {
    private let deletion = start.adding(days: 90)

    @Test func `takes what ends at the deletion or later, and nothing that has ended, is spent or is gone`() {
        let lots = [
            lot(1, "10", days: 89), lot(2, "20", left: "7.50", days: 90), lot(3, "30", days: 365),
            lot(4, "40", left: "0", days: 365),
            lot(5, "50", days: 365, expiredAt: start),
        ]
        #expect(DeletionForfeit.lots(lots, deletedAt: deletion).map(\.id) == [lotID(2), lotID(3)])
        #expect(DeletionForfeit.amount(lots, deletedAt: deletion) == cny("37.50"))
        #expect(DeletionForfeit.amount(lots, deletedAt: deletion.justBefore) == cny("37.50"))
        #expect(DeletionForfeit.amount([lot(1, "10", days: 89)], deletedAt: deletion) == nil)
        #expect(DeletionForfeit.amount([], deletedAt: deletion) == nil)
    }

    @Test func `is foretold with the deletion, beside what expires before`() {
        let told = WhatNext.consequences(
            for: suspended([.requested]), lots: [lot(1, "10", left: "4", days: 30), lot(2, "20", days: 365)],
            policy: policy(.prepaid))
        #expect(told.map(\.forfeited) == [cny("4"), cny("20")])
        let nothing = WhatNext.consequences(
            for: suspended([.requested]), lots: [lot(1, "10", days: 30)], policy: policy(.prepaid))
        #expect(nothing.last?.event == TransitionType.deleted.rawValue && nothing.last?.forfeited == nil)
        // A subscription that runs loses its credit before: at the end of each lot.
        let running = WhatNext.consequences(for: running(), lots: [lot(1, "10", days: 30)], policy: policy(.prepaid))
        #expect(running.map(\.forfeited) == [cny("10"), nil, nil])
    }

    @Test func `an estimated end leaves out what could only happen after it`() {
        let facts = running()
        let stored = WhatNext.consequences(
            for: facts, lots: [lot(1, "10", days: 30), lot(2, "10", days: 60)], policy: policy(.prepaid))
        let estimated = WhatNext.estimated(.runsOut(at: start.adding(days: 45)), for: facts, policy: policy(.prepaid))
        #expect(WhatNext.possible(stored, beside: estimated).map(\.lotID) == [lotID(1)])
        #expect(WhatNext.possible(stored, beside: []) == stored)
    }

    @Test func `stands in the history beside what expired, and the sum holds`() throws {
        let month = CivilMonth(iso: "2026-03")!
        func move(_ purpose: String, _ debit: String, _ credit: String, _ amount: String) -> LedgerMovement {
            LedgerMovement(month: month, purpose: purpose, debit: debit, credit: credit, amount: cny(amount))
        }
        let row = try BillingHistory.months(
            [
                move("payment", "payments", "credit_lot", "100"), move("forfeit", "credit_lot", "forfeited", "30"),
                move(BillingHistory.deletionForfeit, "credit_lot", "forfeited", "70"),
            ], from: month, to: month, currency: .cny)[0]
        #expect(row.expired == cny("30") && row.forfeited == cny("70") && row.closing.isZero)
    }
}

@Suite struct WayBackTests {
    private static let cases: [([SuspensionReason], Offer, [WayBack])] = [
        ([.creditExhausted], .prepaid, [.pay]), ([.creditExpired], .trial, [.upgrade]), ([.operator], .prepaid, [.ask]),
        ([.overdue], .trial, [.ask]), ([.requested], .prepaid, [.reactivate]), ([.cancelled], .enterprise, [.recover]),
        ([.requested, .operator], .prepaid, [.ask, .reactivate]),
        ([.creditExhausted, .requested, .operator], .prepaid, [.pay, .ask, .reactivate]),
        ([.fundsExhausted], .enterprise, [.ask]), ([], .prepaid, []),
    ]

    @Test(arguments: cases)
    func `names every way that is needed`(reasons: [SuspensionReason], offer: Offer, ways: [WayBack]) {
        #expect(WayBack.all(reasons, offer) == ways)
    }

    @Test func `an order that was never paid has lapsed, what ran is deleted`() throws {
        let order = pending()
        let lapsed = try order.lapsing(at: try #require(order.lapseAt)).facts
        #expect(lapsed.isLapsed && lapsed.state == .deleted)
        #expect(!deleted().isLapsed && !pending().isLapsed)
        #expect(!lapsed.isPurchased && !pending().isPurchased && deleted().isPurchased)
    }
}
