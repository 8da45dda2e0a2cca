import Values

/// The grain of a bill line, where money is rounded once (M2, M6a): a product's meter in one bill month.
package struct BillItem: Sendable, Hashable, Comparable {
    package let product: String
    package let meter: String
    package let month: CivilMonth

    package init(product: String, meter: String, month: CivilMonth) {
        self.product = product
        self.meter = meter
        self.month = month
    }

    package static func < (left: BillItem, right: BillItem) -> Bool {
        (left.month, left.product, left.meter) < (right.month, right.product, right.meter)
    }
}

/// Usage that is rated but not yet settled.
package struct UnsettledRecord: Sendable, Hashable {
    package let id: UsageRecordID
    package let time: Instant
    package let item: BillItem
    package let quantity: Quantity
    /// Exact, in the subscription's currency.
    package let cost: ExactDecimal

    package init(id: UsageRecordID, time: Instant, item: BillItem, quantity: Quantity, cost: ExactDecimal) {
        self.id = id
        self.time = time
        self.item = item
        self.quantity = quantity
        self.cost = cost
    }

    /// Events in the order of their time (M6a); the identity settles what is equal.
    static func inOrder(_ records: some Sequence<UnsettledRecord>) -> [UnsettledRecord] {
        records.sorted { ($0.time, $0.id) < ($1.time, $1.id) }
    }
}

/// What a bill item has come to so far.
package struct RunningTotal: Sendable, Hashable {
    package var quantity: Quantity
    package var exact: ExactDecimal
    /// Always `exact`, rounded half up to the currency's decimals.
    package var posted: Money

    package init(quantity: Quantity, exact: ExactDecimal, posted: Money) {
        self.quantity = quantity
        self.exact = exact
        self.posted = posted
    }

    package static func zero(_ currency: Currency) -> RunningTotal {
        RunningTotal(quantity: .zero, exact: .zero, posted: .zero(currency))
    }
}

package enum SettlementError: Error, Sendable, Hashable {
    /// A sum has left the range that can be posted.
    case overflow
    case currencyMismatch
    /// The parts do not add up to what was posted: a fault of the rule itself, so nothing may be stored.
    case unbalanced

    init(_ error: MoneyError) { self = error == .currencyMismatch ? .currencyMismatch : .overflow }
}

/// The running totals of one subscription while records are added to them.
struct RunningTotals {
    let currency: Currency
    private let before: [BillItem: RunningTotal]
    private(set) var changed: [BillItem: RunningTotal] = [:]

    init(_ totals: [BillItem: RunningTotal], currency: Currency) {
        before = totals
        self.currency = currency
    }

    /// Adds the record and returns by how many minor units the item's posted amount moves.
    ///
    /// Because posted is always the rounded cumulative amount, these differences add up to the same sum however the
    /// records are cut into settlements (M6a).
    mutating func add(_ record: UnsettledRecord) throws(SettlementError) -> Int64 {
        let old = changed[record.item] ?? before[record.item] ?? .zero(currency)
        guard old.posted.currency == currency else { throw .currencyMismatch }
        guard let exact = try? old.exact.adding(record.cost), let quantity = try? old.quantity.adding(record.quantity),
            let posted = try? Money(rounding: exact, currency: currency), let difference = try? posted.subtracting(old.posted)
        else { throw .overflow }
        changed[record.item] = RunningTotal(quantity: quantity, exact: exact, posted: posted)
        return difference.minor
    }
}
