/// An exact decimal number of any size, as its canonical text: a minus sign or none, no leading zeros, a point only before
/// decimals, no trailing zeros among them. Equal numbers have equal texts. A `numeric` column; no floating point anywhere.
package struct PostgresNumeric: PostgresEncodable, PostgresDecodable, Hashable, CustomStringConvertible {
    package let text: String

    /// What the server can hold.
    package static let wholeDigitsMaximum = 131_072
    package static let decimalsMaximum = 16_383

    package var description: String { text }
    package static var postgresType: PostgresType { .numeric }

    /// Reads digits with an optional sign before and an optional point inside; nil for anything else (exponents, NaN, spaces) and
    /// for more digits than the server can hold.
    package init?(_ text: String) {
        guard let canonical = Self.canonical(text.utf8) else { return nil }
        self.text = canonical
    }

    package init(_ whole: Int64) { text = String(whole) }

    /// `coefficient` ÷ 10^`scale`; a negative scale multiplies. Traps beyond the server's limits.
    package init(coefficient: Int128, scale: Int) {
        var digits = [UInt8](String(coefficient.magnitude).utf8)
        if scale < 0 {
            digits.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: -scale))
        } else if digits.count <= scale {
            digits.insert(contentsOf: repeatElement(UInt8(ascii: "0"), count: scale - digits.count + 1), at: 0)
        }
        if scale > 0 { digits.insert(UInt8(ascii: "."), at: digits.count - scale) }
        if coefficient < 0 { digits.insert(UInt8(ascii: "-"), at: 0) }
        guard let canonical = Self.canonical(digits) else { fatalError("a number beyond PostgreSQL's limits") }
        text = canonical
    }

    /// The number as coefficient ÷ 10^scale with the smallest scale; nil when the coefficient needs more than 128 bits.
    package var coefficientAndScale: (coefficient: Int128, scale: Int)? {
        var coefficient: Int128 = 0
        var scale = 0
        var isNegative = false
        var isPastPoint = false
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "-"): isNegative = true
            case UInt8(ascii: "."): isPastPoint = true
            default:
                let (tenfold, overflow) = coefficient.multipliedReportingOverflow(by: 10)
                let digit = Int128(byte - UInt8(ascii: "0"))
                let (sum, carry) = tenfold.addingReportingOverflow(isNegative ? -digit : digit)
                if overflow || carry { return nil }
                coefficient = sum
                if isPastPoint { scale += 1 }
            }
        }
        return (coefficient, scale)
    }

    private static func canonical(_ bytes: some Collection<UInt8>) -> String? {
        var rest = bytes[...]
        var isNegative = false
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            rest = rest.dropFirst()
        }
        let whole = rest.prefix { isDigit($0) }
        rest = rest[whole.endIndex...]
        var decimals = rest.prefix(0)
        if rest.first == UInt8(ascii: ".") {
            decimals = rest.dropFirst()
            guard !decimals.isEmpty, decimals.allSatisfy({ isDigit($0) }) else { return nil }
        } else if !rest.isEmpty {
            return nil
        }
        guard !whole.isEmpty else { return nil }
        var kept = Array(whole.drop { $0 == UInt8(ascii: "0") })
        if kept.isEmpty { kept = [UInt8(ascii: "0")] }
        var fraction = Array(decimals)
        while fraction.last == UInt8(ascii: "0") { fraction.removeLast() }
        guard kept.count <= wholeDigitsMaximum, fraction.count <= decimalsMaximum else { return nil }
        if !fraction.isEmpty {
            kept.append(UInt8(ascii: "."))
            kept.append(contentsOf: fraction)
        }
        if isNegative && kept != [UInt8(ascii: "0")] { kept.insert(UInt8(ascii: "-"), at: 0) }
        return String(decoding: kept, as: UTF8.self)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
}

// MARK: - Binary form

/// The wire holds groups of four decimal digits: count, weight of the first group, sign, number of decimals shown, groups.
extension PostgresNumeric {
    private static let positive: UInt16 = 0x0000
    private static let negative: UInt16 = 0x4000

    package func encode(into bytes: inout [UInt8]) {
        let isNegative = text.utf8.first == UInt8(ascii: "-")
        let parts = text.utf8.drop { $0 == UInt8(ascii: "-") }.split(
            separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        var digits = parts[0].map { $0 - UInt8(ascii: "0") }
        let decimals = parts.count > 1 ? parts[1].map { $0 - UInt8(ascii: "0") } : []
        // Groups are counted from the point, so both sides are filled up to whole groups.
        let leading = (4 - digits.count % 4) % 4
        digits.insert(contentsOf: repeatElement(0, count: leading), at: 0)
        let wholeGroups = digits.count / 4
        digits.append(contentsOf: decimals)
        digits.append(contentsOf: repeatElement(0, count: (4 - decimals.count % 4) % 4))
        var groups = stride(from: 0, to: digits.count, by: 4).map { start in
            digits[start..<start + 4].reduce(Int16(0)) { $0 * 10 + Int16($1) }
        }
        while groups.last == 0 { groups.removeLast() }
        let zeros = groups.prefix { $0 == 0 }.count
        groups.removeFirst(zeros)
        bytes.append(bigEndian: UInt16(groups.count))
        bytes.append(bigEndian: Int16(groups.isEmpty ? 0 : wholeGroups - 1 - zeros))
        bytes.append(bigEndian: isNegative ? Self.negative : Self.positive)
        bytes.append(bigEndian: UInt16(decimals.count))
        for group in groups { bytes.append(bigEndian: group) }
    }

    /// NaN and the infinities are `outOfRange`.
    package static func decode(_ bytes: RawSpan, type: PostgresOID) throws -> PostgresNumeric {
        guard type == .numeric else { throw PostgresDecodingProblem.unexpectedType }
        let count = Int(try bytes.load(UInt16.self))
        let weight = Int(try bytes.load(Int16.self, at: 2))
        let sign = try bytes.load(UInt16.self, at: 4)
        let shown = Int(try bytes.load(UInt16.self, at: 6))
        guard sign == positive || sign == negative else { throw PostgresDecodingProblem.outOfRange }
        guard bytes.byteCount == 8 + 2 * count else { throw PostgresDecodingProblem.malformed }
        var text: [UInt8] = []
        text.reserveCapacity(4 * (max(weight, 0) + 2) + shown)
        if sign == negative { text.append(UInt8(ascii: "-")) }
        text.append(UInt8(ascii: "0"))
        if weight >= 0 {
            for index in 0...weight { append(try group(bytes, index, count), to: &text) }
        }
        let decimalGroups = (shown + 3) / 4
        if decimalGroups > 0 {
            text.append(UInt8(ascii: "."))
            for index in weight + 1..<weight + 1 + decimalGroups { append(try group(bytes, index, count), to: &text) }
        }
        guard let canonical = canonical(text) else { throw PostgresDecodingProblem.malformed }
        return PostgresNumeric(canonical: canonical)
    }

    private init(canonical: String) { text = canonical }

    /// Groups that are not sent are zero.
    private static func group(_ bytes: RawSpan, _ index: Int, _ count: Int) throws -> Int16 {
        guard index >= 0, index < count else { return 0 }
        let group = try bytes.load(Int16.self, at: 8 + 2 * index)
        guard (0...9_999).contains(group) else { throw PostgresDecodingProblem.malformed }
        return group
    }

    private static func append(_ group: Int16, to text: inout [UInt8]) {
        for divisor in [1_000, 100, 10, 1] as [Int16] {
            text.append(UInt8(ascii: "0") + UInt8(group / divisor % 10))
        }
    }
}
