/// What an exact number cannot do.
package enum DecimalError: Error, Sendable, Hashable {
    /// The text is not a number in the form asked for.
    case malformed
    /// The exact result needs more digits than are kept; nothing is ever rounded instead.
    case overflow
}

/// An exact decimal number: a 128-bit coefficient and up to 36 decimals, which holds 37 significant digits and more.
///
/// A value has one form (trailing zeros are cut), so equal numbers are equal and hash alike: 1.50 is 1.5. Results are
/// exact or an error; only `rounded(toScale:)` rounds, and its name is at the call.
package struct ExactDecimal: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The number is coefficient ÷ 10^scale.
    package let coefficient: Int128
    /// 0 to 36.
    package let scale: Int

    package static let maximumScale = 36
    package static let zero = ExactDecimal(0)
    package static let one = ExactDecimal(1)

    package init(_ whole: some FixedWidthInteger & SignedInteger) {
        coefficient = Int128(truncatingIfNeeded: whole)
        scale = 0
    }

    /// `coefficient` ÷ 10^`scale`. Throws `overflow` when, after trailing zeros are cut, more than 36 decimals are left.
    package init(coefficient: Int128, scale: Int) throws(DecimalError) {
        guard scale >= 0 else { throw .overflow }
        var (coefficient, scale) = (coefficient, coefficient == 0 ? 0 : scale)
        while scale > 0 {
            let (quotient, remainder) = coefficient.quotientAndRemainder(dividingBy: 10)
            guard remainder == 0 else { break }
            coefficient = quotient
            scale -= 1
        }
        // The lowest Int128 has no opposite; leaving it out lets negation never fail.
        guard scale <= ExactDecimal.maximumScale, coefficient != .min else { throw .overflow }
        self.coefficient = coefficient
        self.scale = scale
    }

    private init(negating other: ExactDecimal) {
        coefficient = -other.coefficient
        scale = other.scale
    }

    package var isNegative: Bool { coefficient < 0 }
    package var isZero: Bool { coefficient == 0 }
    package var isPositive: Bool { coefficient > 0 }
    package var negated: ExactDecimal { ExactDecimal(negating: self) }
    package var magnitude: ExactDecimal { isNegative ? negated : self }

    // MARK: Arithmetic

    package func adding(_ other: ExactDecimal) throws(DecimalError) -> ExactDecimal {
        let common = max(scale, other.scale)
        let (sum, overflow) = try scaled(to: common).addingReportingOverflow(other.scaled(to: common))
        guard !overflow else { throw .overflow }
        return try ExactDecimal(coefficient: sum, scale: common)
    }

    package func subtracting(_ other: ExactDecimal) throws(DecimalError) -> ExactDecimal { try adding(other.negated) }

    package func multiplied(by other: ExactDecimal) throws(DecimalError) -> ExactDecimal {
        let (product, overflow) = coefficient.multipliedReportingOverflow(by: other.coefficient)
        guard !overflow else { throw .overflow }
        return try ExactDecimal(coefficient: product, scale: scale + other.scale)
    }

    /// The coefficient this number has at a greater scale.
    private func scaled(to target: Int) throws(DecimalError) -> Int128 {
        let (result, overflow) = coefficient.multipliedReportingOverflow(by: ExactDecimal.powersOfTen[target - scale])
        guard !overflow else { throw .overflow }
        return result
    }

    /// Half away from zero, for negative numbers too (M2): 2.345 → 2.35, −2.345 → −2.35.
    package func rounded(toScale target: Int) -> ExactDecimal {
        precondition(target >= 0, "a number of decimals is not negative")
        guard target < scale else { return self }
        let divisor = ExactDecimal.powersOfTen[scale - target]
        var (quotient, remainder) = coefficient.quotientAndRemainder(dividingBy: divisor)
        if remainder.magnitude >= divisor.magnitude - remainder.magnitude { quotient += coefficient.signum() }
        guard let result = try? ExactDecimal(coefficient: quotient, scale: target) else {
            fatalError("a rounded number is shorter than the number it came from")
        }
        return result
    }

    /// The number in units of 10^−`scale`, or nil when it has more decimals than that or does not fit.
    package func units(atScale target: Int) -> Int64? {
        guard target >= scale, target <= ExactDecimal.maximumScale, let wide = try? scaled(to: target) else { return nil }
        return Int64(exactly: wide)
    }

    package static func < (left: ExactDecimal, right: ExactDecimal) -> Bool {
        if left.scale == right.scale { return left.coefficient < right.coefficient }
        if left.coefficient.signum() != right.coefficient.signum() { return left.coefficient < right.coefficient }
        // Aligning may need more than 128 bits, so both sides are compared as full products.
        let common = max(left.scale, right.scale)
        let first = left.coefficient.multipliedFullWidth(by: powersOfTen[common - left.scale])
        let second = right.coefficient.multipliedFullWidth(by: powersOfTen[common - right.scale])
        return first.high == second.high ? first.low < second.low : first.high < second.high
    }

    static let powersOfTen: [Int128] = (1...38).reduce(into: [1]) { powers, _ in powers.append(powers[powers.count - 1] * 10) }
}

/// How much was used, in the meter's unit.
package typealias Quantity = ExactDecimal
/// Money per unit, exact; never rounded before the line it makes (M2).
package typealias Price = ExactDecimal
