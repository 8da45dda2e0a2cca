import Values

/// What one lot paid in a settlement; negative when something was given back to it.
package struct LotDraw: Sendable, Hashable {
    package let lotID: LotID
    package let amount: Money

    package init(lotID: LotID, amount: Money) {
        self.lotID = lotID
        self.amount = amount
    }
}

/// The outcome of settling usage against a subscription's own credit.
package struct CreditSettlement: Sendable, Hashable {
    /// The totals that changed.
    package let totals: [BillItem: RunningTotal]
    /// Lots that paid or were paid back, in deduction order, none of them zero.
    package let draws: [LotDraw]
    /// The lots as they are afterwards, in deduction order.
    package let lots: [CreditLot]
    /// How far the outstanding amount moves; negative when a credit note lowers it.
    package let outstandingChange: Money
    /// What is owed afterwards.
    package let outstanding: Money
    /// Credit notes that no lot could take back, because what they would return to has expired.
    package let surplus: Money
    /// By how much all posted amounts moved: draws + outstanding change − surplus.
    package let posted: Money
    /// Nothing is left in any lot that has not been forfeited: suspend in the same transaction (M6a, L5).
    package let isCreditEmpty: Bool
}

/// Settles accepted usage (M6a) for offers that are paid by credit (M5).
///
/// Record by record in the order of their time, the item's posted amount moves to its rounded cumulative amount. The
/// difference is paid by the lots that cover the record's time; what they cannot pay is outstanding. So a lot's share is the
/// rounded cumulative amount at its end minus that at its start, and cutting the records into other settlements changes
/// nothing.
///
/// A negative difference undoes what was charged last: first the outstanding amount, then the lots that cover the record's
/// time, last payer first, never beyond what they once held. What is left over has nowhere to go back to: `surplus`.
package struct Settlement {
    private let currency: Currency
    private var lots: [CreditLot]
    private var drawn: [Int64]
    private var outstanding: Int64
    private var surplus: Int64 = 0
    private var posted: Int64 = 0

    /// Throws a `SettlementError`; nothing is settled in part.
    package static func settle(
        _ records: some Sequence<UnsettledRecord>, totals: [BillItem: RunningTotal], lots: some Sequence<CreditLot>,
        outstanding: Money
    ) throws(SettlementError) -> CreditSettlement {
        var settlement = try Settlement(lots: lots, outstanding: outstanding)
        var running = RunningTotals(totals, currency: outstanding.currency)
        for record in UnsettledRecord.inOrder(records) {
            let difference = try running.add(record)
            try settlement.post(difference, usedAt: record.time)
        }
        return try settlement.outcome(totals: running.changed, before: outstanding)
    }

    private init(lots: some Sequence<CreditLot>, outstanding: Money) throws(SettlementError) {
        currency = outstanding.currency
        self.lots = DeductionOrder.sorted(lots)
        drawn = self.lots.map { _ in 0 }
        self.outstanding = outstanding.minor
        for lot in self.lots where lot.amount.currency != currency || lot.remaining.currency != currency {
            throw .currencyMismatch
        }
    }

    private mutating func post(_ difference: Int64, usedAt time: Instant) throws(SettlementError) {
        let sum = posted.addingReportingOverflow(difference)
        guard !sum.overflow else { throw .overflow }
        posted = sum.partialValue
        if difference > 0 { try charge(difference, usedAt: time) }
        if difference < 0 { try giveBack(difference.magnitude, usedAt: time) }
    }

    private mutating func charge(_ amount: Int64, usedAt time: Instant) throws(SettlementError) {
        var rest = amount
        for index in lots.indices where rest > 0 && lots[index].covers(time) && lots[index].remaining.isPositive {
            let draw = min(rest, lots[index].remaining.minor)
            move(draw, from: index)
            rest -= draw
        }
        let owed = outstanding.addingReportingOverflow(rest)
        guard !owed.overflow else { throw .overflow }
        outstanding = owed.partialValue
    }

    private mutating func giveBack(_ amount: UInt64, usedAt time: Instant) throws(SettlementError) {
        guard var rest = Int64(exactly: amount) else { throw .overflow }
        let forgiven = min(rest, max(0, outstanding))
        outstanding -= forgiven
        rest -= forgiven
        for index in lots.indices.reversed() where rest > 0 && lots[index].covers(time) {
            let returned = min(rest, lots[index].amount.minor - lots[index].remaining.minor)
            move(-returned, from: index)
            rest -= returned
        }
        let left = surplus.addingReportingOverflow(rest)
        guard !left.overflow else { throw .overflow }
        surplus = left.partialValue
    }

    private mutating func move(_ amount: Int64, from index: Int) {
        lots[index].remaining = money(lots[index].remaining.minor - amount)
        drawn[index] += amount
    }

    private func money(_ minor: Int64) -> Money { Money(minor: minor, currency: currency) }

    private func outcome(totals: [BillItem: RunningTotal], before: Money) throws(SettlementError) -> CreditSettlement {
        let draws = zip(lots, drawn).compactMap { $1 == 0 ? nil : LotDraw(lotID: $0.id, amount: money($1)) }
        let (change, overflow) = outstanding.subtractingReportingOverflow(before.minor)
        guard !overflow else { throw .overflow }
        let sum = draws.reduce(Int128(change) - Int128(surplus)) { $0 + Int128($1.amount.minor) }
        guard sum == Int128(posted) else { throw .unbalanced }
        return CreditSettlement(
            totals: totals, draws: draws, lots: lots, outstandingChange: money(change), outstanding: money(outstanding),
            surplus: money(surplus), posted: money(posted),
            isCreditEmpty: !lots.contains { $0.expiredAt == nil && $0.remaining.isPositive })
    }
}
