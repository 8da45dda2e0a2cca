import Billing
import Crypto
import FoundationEssentials
import HTTP
import Values

/// The fields of a posted form. A field that stands twice counts once, the first time.
struct PageForm: Sendable {
    static let csrfField = "csrf"
    static let keyField = "idempotency_key"
    static let etagField = "if_match"

    /// A form's key as it is kept.
    static func keyText(_ sent: String) -> String { "form-\(sent)" }

    private let fields: [(name: String, value: String)]

    init(_ request: HTTPRequest) throws { fields = try request.formFields() }

    /// As typed, without the blanks around it.
    subscript(name: String) -> String { exact(name).trimmingBlankSpace() }

    /// As typed, for passwords.
    func exact(_ name: String) -> String { fields.first { $0.name == name }?.value ?? "" }

    func has(_ name: String) -> Bool { fields.contains { $0.name == name } }

    /// Text that may be left empty.
    func optional(_ name: String) -> String? {
        let text = self[name]
        return text.isEmpty ? nil : text
    }

    /// Every value of a field that may stand more than once.
    func all(_ name: String) -> [String] { fields.filter { $0.name == name }.map { $0.value.trimmingBlankSpace() } }

    var etag: String? { optional(Self.etagField) }

    /// The key that the form was shown with, bound to this person, this address and everything the form says but its session's token (G17).
    func idempotencyKey(_ request: HTTPRequest, principal: Principal) throws -> IdempotencyKey {
        let text = exact(Self.keyField)
        guard (16...100).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw Failure.malformed(code: "invalid_idempotency_key")
        }
        var said = "POST \(request.path)\n"
        for field in fields where field.name != Self.csrfField {
            said += "\(field.name)=\(field.value.utf8.count):\(field.value)\n"
        }
        return IdempotencyKey(text: Self.keyText(text), principal: principal.idempotencyID, requestHash: SHA256.hash(said))
    }
}

extension String {
    /// Without blanks at both ends, in any script.
    func trimmingBlankSpace() -> String {
        var text = Substring(self)
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}

/// An amount as people type it: `1000`, `1,000`, `1 000.00`, `¥1,000`, `CNY 1000`, full-width digits. Kind about the spelling, strict about the number:
/// separators stand where thousands end or the amount is not understood.
enum MoneyInput {
    enum Fault: Error, Equatable {
        case missing
        case malformed
        case tooManyDecimals
        case tooLarge
    }

    static func read(_ typed: String, _ currency: Currency) throws(Fault) -> Money {
        var text = plain(typed)
        if text.isEmpty { throw .missing }
        text = withoutCurrency(text, currency)
        let isNegative = text.hasPrefix("-")
        if isNegative { text.removeFirst() }
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let whole = ungrouped(parts[0]) else { throw .malformed }
        let number = (isNegative ? "-" : "") + whole + (parts.count == 2 ? "." + parts[1] : "")
        do {
            return try Money(number, currency: currency)
        } catch {
            switch error {
            case .tooManyDecimals: throw .tooManyDecimals
            case .overflow: throw .tooLarge
            default: throw .malformed
            }
        }
    }

    /// Full-width characters as their plain twins, every kind of blank as a space, every kind of minus as a hyphen.
    private static func plain(_ typed: String) -> String {
        var out = String.UnicodeScalarView()
        for scalar in typed.trimmingBlankSpace().unicodeScalars {
            switch scalar.value {
            case 0xFF01...0xFF5E: out.append(Unicode.Scalar(scalar.value - 0xFEE0) ?? scalar)
            case 0x2212, 0x2013, 0xFE63: out.append("-")
            case 0x3002: out.append(".")
            case 0xFFE5: out.append("¥")
            default: out.append(scalar.properties.isWhitespace ? " " : scalar)
            }
        }
        return String(out)
    }

    private static func withoutCurrency(_ text: String, _ currency: Currency) -> String {
        let marks = [currency.code, "CN¥", "JP¥", "US$", "HK$", "¥", "$", "€", "£", "元"]
        var text = text
        for mark in marks where text.uppercased().hasPrefix(mark) {
            text = String(text.dropFirst(mark.count)).trimmingBlankSpace()
        }
        for mark in [currency.code, "元"] where text.uppercased().hasSuffix(mark) {
            text = String(text.dropLast(mark.count)).trimmingBlankSpace()
        }
        return text
    }

    /// Digits without their separators; nil when one stands where no thousand ends.
    private static func ungrouped(_ text: String) -> String? {
        let separators: [Character] = [",", " ", "'", "’"]
        guard let separator = text.first(where: { separators.contains($0) }) else { return text }
        let groups = text.split(separator: separator, omittingEmptySubsequences: false)
        guard let first = groups.first, (1...3).contains(first.count), groups.dropFirst().allSatisfy({ $0.count == 3 }) else {
            return nil
        }
        return groups.joined()
    }
}
