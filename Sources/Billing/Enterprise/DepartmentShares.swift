import Values

/// The time that a subscription spends in one department, or in none: [from, to), open at its ends where they are nil (A14).
package struct DepartmentInterval: Sendable, Hashable {
    package let sequence: Int64
    package let department: DepartmentID?
    package let from: Instant?
    package let to: Instant?

    package init(sequence: Int64, department: DepartmentID?, from: Instant?, to: Instant?) {
        self.sequence = sequence
        self.department = department
        self.from = from
        self.to = to
    }

    package func covers(_ time: Instant) -> Bool { (from.map { time >= $0 } ?? true) && (to.map { time < $0 } ?? true) }
}

/// What of one bill line belongs to one membership.
package struct DepartmentShare: Sendable, Hashable {
    package let sequence: Int64
    package var exact: ExactDecimal
    package var posted: Money

    package init(sequence: Int64, exact: ExactDecimal, posted: Money) {
        self.sequence = sequence
        self.exact = exact
        self.posted = posted
    }
}

/// A14: usage counts to the department in whose interval its time lies, whenever it arrives; a move is never retroactive.
///
/// The parts of a line are the line (M2): a part is the rounded amount up to its interval's end minus the rounded amount up to its beginning.
package enum DepartmentShares {
    /// The shares of every line that the records fall on, after them, in the order of the memberships.
    ///
    /// - Parameter before: exact amounts per line and membership so far.
    /// - Throws: `overflow`, or `unbalanced` when a time lies in no interval.
    package static func adding(
        _ records: some Sequence<UnsettledRecord>, to before: [BillItem: [Int64: ExactDecimal]],
        memberships: [DepartmentInterval],
        currency: Currency
    ) throws(SettlementError) -> [BillItem: [DepartmentShare]] {
        let ordered = memberships.sorted { $0.sequence < $1.sequence }
        var exact: [BillItem: [Int64: ExactDecimal]] = [:]
        for record in records {
            guard let membership = ordered.last(where: { $0.covers(record.time) }) else { throw .unbalanced }
            var line = exact[record.item] ?? before[record.item] ?? [:]
            guard let sum = try? (line[membership.sequence] ?? .zero).adding(record.cost) else { throw .overflow }
            line[membership.sequence] = sum
            exact[record.item] = line
        }
        var shares: [BillItem: [DepartmentShare]] = [:]
        for (item, line) in exact { shares[item] = try posted(line, in: ordered.map(\.sequence), currency) }
        return shares
    }

    private static func posted(
        _ exact: [Int64: ExactDecimal], in order: [Int64], _ currency: Currency
    ) throws(SettlementError) -> [DepartmentShare] {
        var shares: [DepartmentShare] = []
        var sum = ExactDecimal.zero
        var counted = Money.zero(currency)
        for sequence in order {
            guard let part = exact[sequence] else { continue }
            guard let next = try? sum.adding(part), let rounded = try? Money(rounding: next, currency: currency),
                let share = try? rounded.subtracting(counted)
            else { throw .overflow }
            shares.append(DepartmentShare(sequence: sequence, exact: part, posted: share))
            (sum, counted) = (next, rounded)
        }
        return shares
    }
}
