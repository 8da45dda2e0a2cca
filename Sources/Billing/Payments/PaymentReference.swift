/// What a customer writes on a bank transfer, so that the money finds its payment: a creditor reference by ISO 11649, of digits only after its `RF`.
///
/// Two check digits (ISO 7064, modulo 97) find every wrong digit and every pair of swapped neighbours, so that a slip of the pen never pays somebody
/// else's subscription.
package struct PaymentReference: Sendable, Hashable {
    package static let bodyDigits = 12
    /// The numbers that fit: below 10 to the power of `bodyDigits`.
    package static let limit: UInt64 = 1_000_000_000_000

    /// Without blanks: `RF18539007547034`.
    package let text: String

    package init(number: UInt64) {
        let digits = String(number % Self.limit)
        let body = String(repeating: "0", count: Self.bodyDigits - digits.utf8.count) + digits
        let check = 98 - Self.remainder(of: body, check: "00")
        text = "RF" + (check < 10 ? "0" : "") + String(check) + body
    }

    /// Nil when the check digits do not fit.
    package init?(_ text: String) {
        let found = Self.find(in: text)
        guard let found, Self.plain(text) == found.text else { return nil }
        self = found
    }

    private init(checked text: String) { self.text = text }

    /// Groups of four, as people read and type it: `RF18 5390 0754 7034`.
    package var grouped: String {
        stride(from: 0, to: text.utf8.count, by: 4).map { String(text.dropFirst($0).prefix(4)) }.joined(separator: " ")
    }

    /// The first whole reference in what a bank hands on: small letters, blanks, hyphens and words around it do not matter.
    package static func find(in text: String) -> PaymentReference? {
        let all = Array(plain(text).utf8)
        let length = 4 + bodyDigits
        guard all.count >= length else { return nil }
        for start in 0...(all.count - length) where all[start] == UInt8(ascii: "R") && all[start + 1] == UInt8(ascii: "F") {
            let digits = all[(start + 2)..<(start + length)]
            guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { continue }
            let text = String(decoding: all[start..<(start + length)], as: UTF8.self)
            if remainder(of: String(text.dropFirst(4)), check: String(text.dropFirst(2).prefix(2))) == 1 {
                return PaymentReference(checked: text)
            }
        }
        return nil
    }

    /// Letters and digits only, in capitals.
    private static func plain(_ text: String) -> String {
        String(
            decoding: text.uppercased().utf8.filter {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
            }, as: UTF8.self)
    }

    /// The number that the standard makes of it, modulo 97: body, then `RF` as 27 15, then the check digits.
    private static func remainder(of body: String, check: String) -> Int {
        (body + "2715" + check).utf8.reduce(0) { ($0 * 10 + Int($1 - UInt8(ascii: "0"))) % 97 }
    }
}
