/// What money cannot do.
package enum MoneyError: Error, Sendable, Hashable {
    /// Not a plain decimal: signs like `+5`, spaces, exponents, thousands separators, an empty text.
    case malformed
    /// More decimals than the currency has.
    case tooManyDecimals
    /// Beyond what a posted amount can hold.
    case overflow
    /// Two currencies never add (M1).
    case currencyMismatch
    /// A split without parts, or weights that are negative or all zero.
    case nothingToSplitBy
}

/// A posted amount: whole minor units of one currency (M1).
package struct Money: Sendable, Hashable, CustomStringConvertible {
    /// Units of 10^−`currency.exponent`.
    package let minor: Int64
    package let currency: Currency

    package init(minor: Int64, currency: Currency) {
        self.minor = minor
        self.currency = currency
    }

    package static func zero(_ currency: Currency) -> Money { Money(minor: 0, currency: currency) }

    package var isNegative: Bool { minor < 0 }
    package var isZero: Bool { minor == 0 }
    package var isPositive: Bool { minor > 0 }

    // MARK: Text and exact numbers

    /// Reads an exact amount, such as `1234.50`; a leading minus is admitted, what the amount may be is another rule.
    ///
    /// Throws `malformed`, `tooManyDecimals` (also for `1.500` in a currency of two) or `overflow`.
    package init(_ decimalString: some StringProtocol, currency: Currency) throws(MoneyError) {
        let exact: ExactDecimal
        do { exact = try ExactDecimal(parsing: decimalString) } catch {
            switch error {
            case .malformed: throw .malformed
            case .overflow: throw .overflow
            }
        }
        let fraction = decimalString.utf8.reversed().prefix { $0 != UInt8(ascii: ".") }.count
        let hasPoint = fraction < decimalString.utf8.count
        guard !hasPoint || fraction <= currency.exponent else { throw .tooManyDecimals }
        guard let minor = exact.units(atScale: currency.exponent) else { throw .overflow }
        self.init(minor: minor, currency: currency)
    }

    /// The one rounding of M2: half away from zero to the currency's decimals. Throws `overflow`.
    package init(rounding exact: ExactDecimal, currency: Currency) throws(MoneyError) {
        guard let minor = exact.rounded(toScale: currency.exponent).units(atScale: currency.exponent) else { throw .overflow }
        self.init(minor: minor, currency: currency)
    }

    /// The amount as an exact number.
    package var exact: ExactDecimal {
        guard let value = try? ExactDecimal(coefficient: Int128(minor), scale: currency.exponent) else {
            fatalError("an amount has at most four decimals")
        }
        return value
    }

    /// With exactly the currency's decimals: `1234.50`, `-0.05`, and `1234` for JPY.
    package var decimalString: String { String(unsafeUninitializedCapacity: Self.longestText) { write(to: $0) } }

    /// More than any amount's text takes: nineteen digits, a sign and a point.
    package static let longestText = 24

    /// The same text into a buffer of at least `longestText` bytes; how many it took.
    package func write(to buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
        let (whole, fraction) = minor.magnitude.quotientAndRemainder(dividingBy: Self.units[currency.exponent])
        var text = DigitWriter(buffer)
        if isNegative { text.put(byte: UInt8(ascii: "-")) }
        text.put(whole, width: digitCount(whole))
        if currency.exponent > 0 {
            text.put(byte: UInt8(ascii: "."))
            text.put(fraction, width: currency.exponent)
        }
        return text.count
    }

    /// Minor units of one whole, by the currency's decimals.
    private static let units: InlineArray<5, UInt64> = [1, 10, 100, 1_000, 10_000]
    package var description: String { "\(decimalString) \(currency.code)" }

    // MARK: Arithmetic

    package func adding(_ other: Money) throws(MoneyError) -> Money {
        guard currency == other.currency else { throw .currencyMismatch }
        let (sum, overflow) = minor.addingReportingOverflow(other.minor)
        guard !overflow else { throw .overflow }
        return Money(minor: sum, currency: currency)
    }

    package func subtracting(_ other: Money) throws(MoneyError) -> Money {
        guard currency == other.currency else { throw .currencyMismatch }
        let (difference, overflow) = minor.subtractingReportingOverflow(other.minor)
        guard !overflow else { throw .overflow }
        return Money(minor: difference, currency: currency)
    }

    /// Throws `overflow` for the one amount that has no opposite.
    package func negated() throws(MoneyError) -> Money { try Money.zero(currency).subtracting(self) }

    /// −1, 0 or 1; throws `currencyMismatch`.
    package func compared(to other: Money) throws(MoneyError) -> Int {
        guard currency == other.currency else { throw .currencyMismatch }
        return minor == other.minor ? 0 : (minor < other.minor ? -1 : 1)
    }

    // MARK: Splitting

    /// Equal parts that add up to the whole: the remainder goes out one unit at a time, first parts first (M2).
    package func split(into parts: Int) throws(MoneyError) -> [Money] {
        guard parts > 0 else { throw .nothingToSplitBy }
        return try split(byWeights: Array(repeating: 1, count: parts))
    }

    /// Parts in proportion to the weights that add up to the whole (M2).
    ///
    /// Each part is cut towards zero and the remainder goes out one unit at a time, to the first parts of non-zero weight.
    package func split(byWeights weights: [Int64]) throws(MoneyError) -> [Money] {
        guard weights.allSatisfy({ $0 >= 0 }) else { throw .nothingToSplitBy }
        let total = weights.reduce(Int128(0)) { $0 + Int128($1) }
        guard total > 0 else { throw .nothingToSplitBy }
        var parts = weights.map { Int64(Int128(minor) * Int128($0) / total) }
        var rest = minor - parts.reduce(0, +)
        for index in weights.indices where rest != 0 && weights[index] > 0 {
            parts[index] += rest.signum()
            rest -= rest.signum()
        }
        return parts.map { Money(minor: $0, currency: currency) }
    }
}
