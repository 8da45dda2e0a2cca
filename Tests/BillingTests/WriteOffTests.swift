import Billing
import Testing
import Values

@Suite struct `Writing a debt off` {
    private func money(_ minor: Int64) -> Money { Money(minor: minor, currency: .cny) }

    private func amount(
        _ state: SubscriptionState, _ outstanding: Int64, writtenOff: Int64 = 0, offer: Offer = .prepaid
    ) throws(WriteOffRefusal) -> Money {
        try WriteOff.amount(offer: offer, state: state, outstanding: money(outstanding), writtenOff: money(writtenOff))
    }

    @Test(arguments: [1, 100, 10_000, Int64.max]) func `takes the whole debt of a deleted subscription`(owed: Int64) throws {
        #expect(try amount(.deleted, owed) == money(owed))
    }

    @Test(arguments: [SubscriptionState.pending, .active, .pastDue, .suspended])
    func `leaves to a payment what is owed by one that is not deleted, and finds nothing where nothing is`(
        state: SubscriptionState
    ) {
        for owed: Int64 in [1, 10_000, .max] {
            #expect(throws: WriteOffRefusal.debtStillPayable) { try amount(state, owed) }
        }
        for owed: Int64 in [0, -1] {
            #expect(throws: WriteOffRefusal.nothingOwed) { try amount(state, owed) }
        }
    }

    @Test func `finds nothing where nothing is owed, and once is all`() {
        #expect(throws: WriteOffRefusal.nothingOwed) { try amount(.deleted, 0) }
        #expect(throws: WriteOffRefusal.nothingOwed) { try amount(.deleted, -1) }
        #expect(throws: WriteOffRefusal.alreadyWrittenOff) { try amount(.deleted, 0, writtenOff: 1) }
        #expect(throws: WriteOffRefusal.alreadyWrittenOff) { try amount(.deleted, 5, writtenOff: 1) }
    }

    @Test(arguments: Offer.allCases) func `is nothing for what an agreement is billed for, whatever its state`(offer: Offer)
        throws
    {
        for state in SubscriptionState.allCases where offer.isOfAgreement {
            for owed: Int64 in [0, 1] {
                #expect(throws: WriteOffRefusal.notForOffer) { try amount(state, owed, writtenOff: 0, offer: offer) }
            }
        }
        if !offer.isOfAgreement { #expect(try amount(.deleted, 1, offer: offer) == money(1)) }
    }

    @Test(arguments: Role.allCases) func `is the operator's alone`(role: Role) {
        for kind in AccountKind.allCases {
            #expect(Permission.allows(role, WriteOff.permission, in: kind) == (role == .operator))
        }
    }

    @Test func `stands in its month and takes off what is owed, and no credit moves`() throws {
        func move(_ month: String, _ purpose: String, _ debit: String, _ credit: String, _ minor: Int64) throws -> LedgerMovement
        {
            LedgerMovement(
                month: try #require(CivilMonth(iso: month)), purpose: purpose, debit: debit, credit: credit, amount: money(minor))
        }
        let first = try #require(CivilMonth(iso: "2026-01"))
        let months = try BillingHistory.months(
            [
                try move("2026-01", "usage_outstanding", "receivable", "revenue", 1_500),
                try move("2026-05", "debt_written_off", "written_off", "receivable", 1_500),
            ], from: first, to: first, currency: .cny)
        #expect(months.map(\.owed.minor) == [0, 1_500, 1_500, 1_500, 1_500])
        #expect(months.map(\.debtWrittenOff.minor) == [1_500, 0, 0, 0, 0])
        #expect(months.allSatisfy { $0.closing.isZero && $0.debtWaived.isZero && $0.debtPaid.isZero })
        #expect(months[0].beyondCredit.isZero && months[4].beyondCredit.minor == 1_500)
    }
}
