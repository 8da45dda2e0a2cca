import FoundationEssentials

/// What an identifier identifies, and the prefix its text form wears.
package protocol IDTag: Sendable {
    static var prefix: String { get }
}

/// A UUIDv7 that cannot be mixed up with another kind's: text form and type both carry the kind (TypeID 0.3).
///
/// The text is the prefix, `_`, and 26 characters of Crockford base 32 in lower case: `sub_01h455vb4pex5vsknk084sn02q`.
package struct ID<Tag: IDTag>: Sendable, Hashable, Comparable, LosslessStringConvertible {
    package let bits: UUIDBits

    package init(_ bits: UUIDBits) { self.bits = bits }
    package init(_ uuid: UUID) { bits = UUIDBits(uuid) }
    package init(at instant: Instant, random: (UInt64, UInt64)) { bits = UUIDv7.make(at: instant, random: random) }

    package var uuid: UUID { bits.uuid }

    /// Strict: another prefix, another length, capitals, a letter outside the alphabet or more than 128 bits give nil.
    package init?(_ text: String) { self.init(parsing: text) }

    package init?(parsing text: some StringProtocol) {
        let prefix = Tag.prefix.utf8
        guard text.utf8.count == prefix.count + 1 + TypeIDSuffix.length, text.utf8.starts(with: prefix),
            text.utf8.dropFirst(prefix.count).first == UInt8(ascii: "_")
        else { return nil }
        guard let bits = TypeIDSuffix.decode(text.utf8.suffix(TypeIDSuffix.length)) else { return nil }
        self.bits = bits
    }

    package var description: String {
        let prefix = Tag.prefix
        return String(unsafeUninitializedCapacity: prefix.utf8.count + 1 + TypeIDSuffix.length) { buffer in
            var text = DigitWriter(buffer)
            text.put(prefix)
            text.put("_")
            TypeIDSuffix.write(bits, to: &text)
            return text.count
        }
    }

    package static func < (left: ID, right: ID) -> Bool { left.bits < right.bits }
}

/// The 26 characters behind the prefix: 130 bits, of which the first two are always zero.
package enum TypeIDSuffix {
    package static let length = 26
    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
    private static let values: [UInt8] = {
        var table = [UInt8](repeating: 255, count: 256)
        for (value, character) in alphabet.enumerated() { table[Int(character)] = UInt8(value) }
        return table
    }()

    package static func encode(_ bits: UUIDBits) -> String {
        String(unsafeUninitializedCapacity: length) { buffer in
            var text = DigitWriter(buffer)
            write(bits, to: &text)
            return length
        }
    }

    static func write(_ bits: UUIDBits, to text: inout DigitWriter) {
        let value = UInt128(bits.high) << 64 | UInt128(bits.low)
        for shift in stride(from: (length - 1) * 5, through: 0, by: -5) {
            text.put(byte: alphabet[Int(truncatingIfNeeded: value >> UInt128(shift) & 31)])
        }
    }

    /// Nil unless these are 26 characters of the alphabet, the first of them at most `7`.
    package static func decode(_ characters: some Collection<UInt8>) -> UUIDBits? {
        guard characters.count == length, let first = characters.first, first <= UInt8(ascii: "7") else { return nil }
        var value: UInt128 = 0
        for character in characters {
            let digit = values[Int(character)]
            guard digit < 32 else { return nil }
            value = value << 5 | UInt128(digit)
        }
        return UUIDBits(high: UInt64(truncatingIfNeeded: value >> 64), low: UInt64(truncatingIfNeeded: value))
    }
}
