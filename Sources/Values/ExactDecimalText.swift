extension ExactDecimal {
    /// Longer texts are refused unread.
    static let longestText = 128

    /// Reads a plain decimal: `-?digits[.digits]`, ASCII. Nil for a leading plus, spaces, separators, exponents, a missing
    /// digit on either side of the point, or more digits than are kept.
    package init?(_ text: some StringProtocol) {
        guard let value = try? ExactDecimal(parsing: text) else { return nil }
        self = value
    }

    /// As `init?(_:)`, but tells a malformed text from a number with too many digits.
    package init(parsing text: some StringProtocol) throws(DecimalError) {
        var scanner = DecimalScanner(text)
        try scanner.readLength()
        let negative = scanner.take(UInt8(ascii: "-"))
        guard scanner.readDigits(fraction: false) > 0 else { throw .malformed }
        if scanner.take(UInt8(ascii: ".")) {
            guard scanner.readDigits(fraction: true) > 0 else { throw .malformed }
        }
        guard scanner.isAtEnd else { throw .malformed }
        self = try scanner.value(negative: negative, exponent: 0)
    }

    /// Reads what spreadsheets and exports write: also a leading plus, a missing digit on one side of the point, and an
    /// exponent, as in `1.5E-07`. Exact, as everything here.
    package init(scientific text: some StringProtocol) throws(DecimalError) {
        var scanner = DecimalScanner(text)
        try scanner.readLength()
        let negative = scanner.take(UInt8(ascii: "-"))
        if !negative { _ = scanner.take(UInt8(ascii: "+")) }
        var digits = scanner.readDigits(fraction: false)
        if scanner.take(UInt8(ascii: ".")) { digits += scanner.readDigits(fraction: true) }
        guard digits > 0 else { throw .malformed }
        let exponent = try scanner.readExponent()
        guard scanner.isAtEnd else { throw .malformed }
        self = try scanner.value(negative: negative, exponent: exponent)
    }

    /// The shortest plain form: `1234.5`, `-0.00000015`, `0`.
    package var description: String { text(decimals: scale) }

    /// Plain form with at least this many decimals: 1234.5 with 2 is `1234.50`.
    package func text(minimumDecimals: Int) -> String { text(decimals: max(scale, minimumDecimals)) }

    private func text(decimals: Int) -> String {
        var digits = String(coefficient.magnitude) + String(repeating: "0", count: decimals - scale)
        if digits.utf8.count <= decimals {
            digits = String(repeating: "0", count: decimals + 1 - digits.utf8.count) + digits
        }
        let point = digits.index(digits.endIndex, offsetBy: -decimals)
        let sign = isNegative ? "-" : ""
        return decimals == 0 ? sign + digits : "\(sign)\(digits[..<point]).\(digits[point...])"
    }
}

/// Reads digits into a coefficient; zeros that end a fraction cost nothing, so `1.000…0` of any length is 1.
private struct DecimalScanner {
    private let bytes: [UInt8]
    private var position = 0
    private var coefficient: Int128 = 0
    private var scale = 0
    /// Zeros seen but not yet multiplied in: they count only when another digit follows.
    private var pendingZeros = 0
    private var overflowed = false

    init(_ text: some StringProtocol) { bytes = Array(text.utf8.prefix(ExactDecimal.longestText + 1)) }

    var isAtEnd: Bool { position == bytes.count }

    func readLength() throws(DecimalError) {
        guard !bytes.isEmpty, bytes.count <= ExactDecimal.longestText else { throw .malformed }
    }

    mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    /// Returns how many digits stood there.
    mutating func readDigits(fraction: Bool) -> Int {
        let start = position
        while position < bytes.count, (0x30...0x39).contains(bytes[position]) {
            let digit = Int128(bytes[position] - 0x30)
            if fraction { scale += 1 }
            if digit == 0 {
                pendingZeros += 1
            } else {
                append(digit)
            }
            position += 1
        }
        return position - start
    }

    private mutating func append(_ digit: Int128) {
        defer { pendingZeros = 0 }
        guard !overflowed else { return }
        if coefficient == 0 {
            coefficient = digit
            return
        }
        guard pendingZeros + 1 < ExactDecimal.powersOfTen.count else {
            overflowed = true
            return
        }
        let shifted = coefficient.multipliedReportingOverflow(by: ExactDecimal.powersOfTen[pendingZeros + 1])
        let sum = shifted.partialValue.addingReportingOverflow(digit)
        overflowed = shifted.overflow || sum.overflow
        coefficient = sum.partialValue
    }

    mutating func readExponent() throws(DecimalError) -> Int {
        guard take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) else { return 0 }
        let negative = take(UInt8(ascii: "-"))
        if !negative { _ = take(UInt8(ascii: "+")) }
        var value = 0
        let start = position
        while position < bytes.count, (0x30...0x39).contains(bytes[position]) {
            // Any exponent past a thousand is out of range whatever the digits say.
            value = min(value * 10 + Int(bytes[position] - 0x30), 1_000)
            position += 1
        }
        guard position > start else { throw .malformed }
        return negative ? -value : value
    }

    func value(negative: Bool, exponent: Int) throws(DecimalError) -> ExactDecimal {
        guard !overflowed else { throw .overflow }
        guard coefficient != 0 else { return .zero }
        let signed = negative ? -coefficient : coefficient
        // Trailing zeros were left out of the coefficient, so they come off the scale.
        let finalScale = scale - pendingZeros - exponent
        if finalScale >= 0 { return try ExactDecimal(coefficient: signed, scale: finalScale) }
        guard -finalScale < ExactDecimal.powersOfTen.count else { throw .overflow }
        let (product, overflow) = signed.multipliedReportingOverflow(by: ExactDecimal.powersOfTen[-finalScale])
        guard !overflow else { throw .overflow }
        return try ExactDecimal(coefficient: product, scale: 0)
    }
}
