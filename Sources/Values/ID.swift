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
        let bits = text.utf8.withContiguousStorageIfAvailable { Self.bits(of: $0) }
        guard let bits = bits ?? Array(text.utf8).withUnsafeBufferPointer({ Self.bits(of: $0) }) else { return nil }
        self.bits = bits
    }

    private static func bits(of text: UnsafeBufferPointer<UInt8>) -> UUIDBits? {
        let prefix = Tag.prefix.utf8
        guard text.count == prefix.count + 1 + TypeIDSuffix.length, text[prefix.count] == UInt8(ascii: "_"),
            text.starts(with: prefix)
        else { return nil }
        return TypeIDSuffix.decode(text[(prefix.count + 1)...])
    }

    package var description: String { String(unsafeUninitializedCapacity: Self.textLength) { write(to: $0) } }

    package static var textLength: Int { Tag.prefix.utf8.count + 1 + TypeIDSuffix.length }

    /// The same text into a buffer of at least `textLength` bytes; how many it took.
    package func write(to buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
        var text = DigitWriter(buffer)
        text.put(Tag.prefix)
        text.put(byte: UInt8(ascii: "_"))
        TypeIDSuffix.write(bits, to: &text)
        return text.count
    }

    package static func < (left: ID, right: ID) -> Bool { left.bits < right.bits }
}

/// The 26 characters behind the prefix: 130 bits, of which the first two are always zero.
package enum TypeIDSuffix {
    package static let length = 26
    private static let alphabet: StaticString = "0123456789abcdefghjkmnpqrstvwxyz"
    private static let values: [UInt8] = {
        var table = [UInt8](repeating: 255, count: 256)
        for value in 0..<32 { table[Int(alphabet.utf8Start[value])] = UInt8(value) }
        return table
    }()

    /// `prefix` and the 26 characters.
    package static func encode(_ bits: UUIDBits, behind prefix: String = "") -> String {
        String(unsafeUninitializedCapacity: prefix.utf8.count + length) { buffer in
            var text = DigitWriter(buffer)
            text.put(prefix)
            write(bits, to: &text)
            return text.count
        }
    }

    static func write(_ bits: UUIDBits, to text: inout DigitWriter) {
        let alphabet = alphabet.utf8Start
        // The thirteenth character from the right straddles both halves.
        for shift in stride(from: UInt64(61), through: 1, by: -5) { text.put(byte: alphabet[Int(bits.high >> shift & 31)]) }
        text.put(byte: alphabet[Int((bits.high << 4 | bits.low >> 60) & 31)])
        for shift in stride(from: Int64(55), through: 0, by: -5) { text.put(byte: alphabet[Int(bits.low >> UInt64(shift) & 31)]) }
    }

    /// Nil unless these are 26 characters of the alphabet, the first of them at most `7`.
    package static func decode(_ characters: some Collection<UInt8>) -> UUIDBits? {
        guard characters.count == length, let first = characters.first, first <= UInt8(ascii: "7") else { return nil }
        var (high, low): (UInt64, UInt64) = (0, 0)
        for character in characters {
            let digit = values[Int(character)]
            guard digit < 32 else { return nil }
            (high, low) = (high << 5 | low >> 59, low << 5 | UInt64(digit))
        }
        return UUIDBits(high: high, low: low)
    }
}
