import Values

/// M2: exact costs as money in the cells of a table, so that the cells add up to the totals that stand beside them.
package enum UsageShares {
    /// One amount per part, in their order; together they are the rounded sum of the parts.
    ///
    /// Each part is cut down to the minor unit, and the units that are then missing go to the largest remainders, to the first of equal
    /// ones. So no part is a whole unit away from what it is exactly.
    package static func amounts(of parts: [ExactDecimal], currency: Currency) throws(MoneyError) -> [Money] {
        var exact = ExactDecimal.zero
        var whole: [Int64] = []
        var remainders: [ExactDecimal] = []
        for part in parts {
            do {
                exact = try exact.adding(part)
                let floor = try floor(part, currency)
                whole.append(floor.minor)
                remainders.append(try part.subtracting(floor.exact))
            } catch {
                throw .overflow
            }
        }
        var missing = Int128(try Money(rounding: exact, currency: currency).minor) - whole.reduce(Int128(0)) { $0 + Int128($1) }
        let order = parts.indices.sorted { (remainders[$1], $0) < (remainders[$0], $1) }
        for index in order where missing > 0 {
            whole[index] += 1
            missing -= 1
        }
        return whole.map { Money(minor: $0, currency: currency) }
    }

    /// Cells that belong to bill lines: each line is rounded once, as in the ledger, and its cells share what it comes to.
    package static func amounts<Line: Hashable>(of cells: [(line: Line, cost: ExactDecimal)], currency: Currency)
        throws(MoneyError) -> [Money]
    {
        var places: [Line: [Int]] = [:]
        for (index, cell) in cells.enumerated() { places[cell.line, default: []].append(index) }
        var amounts = Array(repeating: Money.zero(currency), count: cells.count)
        for indices in places.values {
            for (index, amount) in zip(indices, try self.amounts(of: indices.map { cells[$0].cost }, currency: currency)) {
                amounts[index] = amount
            }
        }
        return amounts
    }

    /// The greatest amount that is not more than the number.
    private static func floor(_ exact: ExactDecimal, _ currency: Currency) throws(MoneyError) -> Money {
        let near = try Money(rounding: exact, currency: currency)
        return near.exact > exact ? try near.subtracting(Money(minor: 1, currency: currency)) : near
    }
}
