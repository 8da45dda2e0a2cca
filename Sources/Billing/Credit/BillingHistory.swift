import Values

/// A7: one month of a subscription's money, from the ledger (M3). What is posted in a month stands in it, whenever it was used.
package struct BillingMonth: Sendable, Hashable {
    package let month: CivilMonth
    /// Credit at the month's first instant and at its end: opening + bought − used − expired − forfeited + other = closing.
    package let opening: Money
    /// Put into lots: by payments, and granted with them.
    package fileprivate(set) var bought: Money
    /// The part of `bought` that nobody paid for: a trial's credit.
    package fileprivate(set) var granted: Money
    /// Taken from lots by usage, less what was given back.
    package fileprivate(set) var used: Money
    /// Unused at the end of a lot (M6).
    package fileprivate(set) var expired: Money
    /// Still valid when the subscription was deleted, and gone with it (`DeletionForfeit`).
    package fileprivate(set) var forfeited: Money
    /// Anything else that moved a lot: corrections.
    package fileprivate(set) var other: Money
    package fileprivate(set) var closing: Money
    /// Usage that no credit covered, what payments, waivers and write-offs took off it, and what is owed at the month's end.
    package fileprivate(set) var beyondCredit: Money
    package fileprivate(set) var debtPaid: Money
    package fileprivate(set) var debtWaived: Money
    /// Given up after the deletion (`WriteOff`).
    package fileprivate(set) var debtWrittenOff: Money
    package fileprivate(set) var owed: Money
    /// Enterprise: charged to the commitment, and beyond it.
    package fileprivate(set) var commitment: Money
    package fileprivate(set) var overage: Money

    fileprivate init(_ month: CivilMonth, opening: Money, owed: Money) {
        let zero = Money.zero(opening.currency)
        self.month = month
        self.opening = opening
        closing = opening
        self.owed = owed
        (bought, granted, used, expired, forfeited, other) = (zero, zero, zero, zero, zero, zero)
        (beyondCredit, debtPaid, debtWaived, debtWrittenOff, commitment, overage) = (zero, zero, zero, zero, zero, zero)
    }

    /// All usage that was posted in the month, whoever paid it.
    package var usage: Money {
        get throws(MoneyError) { try used.adding(beyondCredit).adding(commitment).adding(overage) }
    }
}

/// Transfers of one subscription, month and kind, summed up.
package struct LedgerMovement: Sendable, Hashable {
    package let month: CivilMonth
    /// As the ledger names them.
    package let purpose: String
    package let debit: String
    package let credit: String
    package let amount: Money

    package init(month: CivilMonth, purpose: String, debit: String, credit: String, amount: Money) {
        self.month = month
        self.purpose = purpose
        self.debit = debit
        self.credit = credit
        self.amount = amount
    }
}

package enum BillingHistory {
    /// What the ledger's `forfeit` is called here where it took credit that would have outlived its subscription.
    package static let deletionForfeit = "deletion_forfeit"

    /// Every month from `first` to `last`, the latest first; months without movement carry the balance on. Movements outside widen the span.
    package static func months(
        _ movements: [LedgerMovement], from first: CivilMonth, to last: CivilMonth, currency: Currency
    ) throws(MoneyError) -> [BillingMonth] {
        let byMonth = Dictionary(grouping: movements, by: \.month)
        let start = min(first, byMonth.keys.min() ?? first)
        let end = max(last, byMonth.keys.max() ?? last)
        var months: [BillingMonth] = []
        var (balance, owed) = (Money.zero(currency), Money.zero(currency))
        var month = start
        while month <= end {
            var row = BillingMonth(month, opening: balance, owed: owed)
            for movement in byMonth[month] ?? [] { try row.add(movement) }
            (balance, owed) = (row.closing, row.owed)
            months.append(row)
            month = month.next
        }
        return months.reversed()
    }
}

extension BillingMonth {
    /// A transfer counts where it touches this subscription's own books; the sign is the side it touches them from.
    fileprivate mutating func add(_ movement: LedgerMovement) throws(MoneyError) {
        let amount = movement.amount
        let opposite = try amount.negated()
        if movement.credit == "credit_lot" { try addToLots(amount, movement.purpose) }
        if movement.debit == "credit_lot" { try addToLots(opposite, movement.purpose) }
        if movement.debit == "receivable" { try addToDebt(amount, movement.purpose) }
        if movement.credit == "receivable" { try addToDebt(opposite, movement.purpose) }
        if movement.debit == "commitment" { commitment = try commitment.adding(amount) }
        if movement.credit == "commitment" { commitment = try commitment.subtracting(amount) }
        if movement.debit == "overage_receivable" { overage = try overage.adding(amount) }
        if movement.credit == "overage_receivable" { overage = try overage.subtracting(amount) }
    }

    private mutating func addToLots(_ change: Money, _ purpose: String) throws(MoneyError) {
        closing = try closing.adding(change)
        switch purpose {
        case "payment": bought = try bought.adding(change)
        case "trial_grant":
            bought = try bought.adding(change)
            granted = try granted.adding(change)
        case "usage", "usage_refund": used = try used.subtracting(change)
        case "forfeit": expired = try expired.subtracting(change)
        case BillingHistory.deletionForfeit: forfeited = try forfeited.subtracting(change)
        default: other = try other.adding(change)
        }
    }

    private mutating func addToDebt(_ change: Money, _ purpose: String) throws(MoneyError) {
        owed = try owed.adding(change)
        switch purpose {
        case "debt_payment": debtPaid = try debtPaid.subtracting(change)
        case "debt_waived": debtWaived = try debtWaived.subtracting(change)
        case "debt_written_off": debtWrittenOff = try debtWrittenOff.subtracting(change)
        default: beyondCredit = try beyondCredit.adding(change)
        }
    }
}
