import Values

/// Numbers as bills and spreadsheets write them, exactly.
///
/// Beside plain decimals: an exponent (`5.64902E-05`), thousands in threes (`1,234.50`), one currency sign or the row's currency code before or behind
/// (`$1,234.50`, `-€3`, `12.00 USD`), and an amount in round brackets, which is how accountants write a negative one (`(12.00)` = −12.00). A decimal comma
/// (`1,5`) is not guessed at: it is no number.
enum ImportNumber {
    enum Refusal: Error { case noNumber, signOfAnotherCurrency, tooManyDigits, tooLarge }

    /// Nothing is used, and nothing costs, a billion million of its unit.
    private static let limit = ExactDecimal(1_000_000_000_000_000)

    static func read(_ text: String, currency: Currency) throws(Refusal) -> ExactDecimal {
        // Plain numbers are nearly all there are.
        if let value = ExactDecimal(text) { return try within(value) }
        var scanner = Scalars(text)
        let isBracketed = try scanner.takeBrackets()
        var isNegative = scanner.takeSign()
        let hasSignBefore = isNegative != nil
        try scanner.takeCurrency(currency)
        if isNegative == nil { isNegative = scanner.takeSign() }
        if isBracketed && (isNegative != nil || hasSignBefore) { throw .noNumber }
        let digits = try scanner.digitsWithoutThousands()
        let value: ExactDecimal
        do throws(DecimalError) {
            value = try ExactDecimal(scientific: digits)
        } catch {
            throw error == .overflow ? .tooManyDigits : .noNumber
        }
        return try within(isBracketed || isNegative == true ? value.negated : value)
    }

    private static func within(_ value: ExactDecimal) throws(Refusal) -> ExactDecimal {
        guard value.magnitude <= limit else { throw .tooLarge }
        return value
    }

    static func words(_ refusal: Refusal) -> String {
        switch refusal {
        case .noNumber: "is not a number"
        case .signOfAnotherCurrency: "carries the sign of another currency"
        case .tooManyDigits: "has more digits than can be kept exactly"
        case .tooLarge: "is larger than anything that is billed"
        }
    }

    /// What is left of the text, cut from both ends.
    private struct Scalars {
        private var rest: ArraySlice<Unicode.Scalar>

        init(_ text: String) { rest = Array(text.unicodeScalars)[...] }

        private mutating func skipSpaces() {
            while let first = rest.first, Self.isSpace(first) { rest.removeFirst() }
            while let last = rest.last, Self.isSpace(last) { rest.removeLast() }
        }
        private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
            scalar == " " || scalar == "\u{A0}" || scalar == "\u{202F}"
        }

        mutating func takeBrackets() throws(Refusal) -> Bool {
            skipSpaces()
            guard rest.first == "(" || rest.last == ")" else { return false }
            guard rest.count > 2, rest.first == "(", rest.last == ")" else { throw .noNumber }
            rest = rest.dropFirst().dropLast()
            return true
        }

        /// True for minus (also the typographic one), false for plus, nil without a sign.
        mutating func takeSign() -> Bool? {
            skipSpaces()
            switch rest.first {
            case "-", "\u{2212}":
                rest.removeFirst()
                return true
            case "+":
                rest.removeFirst()
                return false
            default: return nil
            }
        }

        mutating func takeCurrency(_ currency: Currency) throws(Refusal) {
            skipSpaces()
            let code = Array(currency.code.unicodeScalars)
            if rest.starts(with: code) {
                rest = rest.dropFirst(code.count)
            } else if rest.suffix(code.count).elementsEqual(code) {
                rest = rest.dropLast(code.count)
            } else if let sign = rest.first, let codes = Self.signs[sign] {
                guard codes.isEmpty || codes.contains(currency.code) else { throw .signOfAnotherCurrency }
                rest.removeFirst()
            } else if let sign = rest.last, let codes = Self.signs[sign] {
                guard codes.isEmpty || codes.contains(currency.code) else { throw .signOfAnotherCurrency }
                rest.removeLast()
            }
            skipSpaces()
        }

        /// Currency signs with the codes they may stand for; empty where many currencies share one.
        private static let signs: [Unicode.Scalar: [String]] = [
            "$": [], "£": [], "€": ["EUR"], "¥": ["CNY", "JPY"], "\u{FFE5}": ["CNY", "JPY"], "₹": ["INR"], "₩": ["KRW"],
        ]

        mutating func digitsWithoutThousands() throws(Refusal) -> String {
            skipSpaces()
            // A second sign or a letter beyond the exponent's is left for the number's own reader to refuse.
            guard let first = rest.first, first == "." || ("0"..."9").contains(first) else { throw .noNumber }
            guard rest.contains(",") else { return String(String.UnicodeScalarView(rest)) }
            let whole = rest.prefix { $0 != "." }
            let groups = whole.split(separator: ",", omittingEmptySubsequences: false)
            guard let head = groups.first, (1...3).contains(head.count), groups.dropFirst().allSatisfy({ $0.count == 3 }),
                !rest[whole.endIndex...].contains(","), whole.allSatisfy({ $0 == "," || ("0"..."9").contains($0) })
            else { throw .noNumber }
            return String(String.UnicodeScalarView(rest.filter { $0 != "," }))
        }
    }
}
