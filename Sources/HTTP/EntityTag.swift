/// The tag of one state of one object (RFC 9110, 8.8.3), and what a caller may say about tags.
///
/// A tag of ours is `"<version>-<hash>"`, or `"<hash>"` where the object has no version. `If-Match` asks for the version: whether the caller has
/// seen the last change. `If-None-Match` asks for the whole: an answer may change though nobody has changed the object, and then 304 would be wrong.
package struct EntityTag: Equatable, Sendable {
    /// Between the quotes.
    package let opaque: String
    package let isWeak: Bool

    package init(opaque: String, isWeak: Bool = false) {
        self.opaque = opaque
        self.isWeak = isWeak
    }

    private static let hashDigits = 16

    /// The tag of a body. `version`: in quotes, as objects name theirs.
    package static func text(version: String? = nil, _ body: [UInt8]) -> String {
        let hash = BodyHash.of(body)
        var text = version.map { String($0.dropLast()) + "-" } ?? "\""
        text.reserveCapacity(text.utf8.count + hashDigits + 1)
        for shift in stride(from: 60, through: 0, by: -4) {
            let digit = UInt8(truncatingIfNeeded: hash >> UInt64(shift)) & 0xF
            text.unicodeScalars.append(UnicodeScalar(digit < 10 ? 0x30 + digit : 0x57 + digit))
        }
        text.append("\"")
        return text
    }

    /// What stands in front of the hash; all of it where there is none.
    var version: Substring {
        let digits = opaque.utf8.suffix(Self.hashDigits)
        let rest = opaque.utf8.dropLast(Self.hashDigits)
        let isHash =
            digits.count == Self.hashDigits && digits.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        guard isHash, rest.count > 1, rest.last == UInt8(ascii: "-") else { return opaque[...] }
        return opaque[..<rest.index(before: rest.endIndex)]
    }
}

/// What `If-Match` or `If-None-Match` names.
package enum EntityTagList: Equatable, Sendable {
    case any
    case tags([EntityTag])

    /// `*`, or tags with commas between them (also inside of tags); nothing between two commas is skipped. Nil for anything else.
    package init?(_ header: String) {
        let bytes = Array(header.utf8)
        var position = 0
        func skipBlanks() { while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 { position += 1 } }
        skipBlanks()
        if position < bytes.count, bytes[position] == UInt8(ascii: "*") {
            position += 1
            skipBlanks()
            guard position == bytes.count else { return nil }
            self = .any
            return
        }
        var tags: [EntityTag] = []
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: ",") {
                position += 1
                skipBlanks()
                continue
            }
            let isWeak = bytes[position...].starts(with: "W/".utf8)
            if isWeak { position += 2 }
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\""),
                let end = bytes[(position + 1)...].firstIndex(of: UInt8(ascii: "\""))
            else { return nil }
            let opaque = bytes[(position + 1)..<end]
            guard opaque.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { return nil }
            tags.append(EntityTag(opaque: String(decoding: opaque, as: UTF8.self), isWeak: isWeak))
            position = end + 1
            skipBlanks()
            guard position == bytes.count || bytes[position] == UInt8(ascii: ",") else { return nil }
        }
        self = .tags(tags)
    }

    /// `If-Match`: strong comparison, of the version alone. `current`: the object's version in quotes; nil where there is no object.
    package func allowsChange(of current: String?) -> Bool {
        guard let current else { return false }
        switch self {
        case .any: return true
        case .tags(let tags):
            let opaque = current.dropFirst().dropLast()
            return tags.contains { !$0.isWeak && ($0.opaque == opaque || $0.version == opaque) }
        }
    }

    /// `If-None-Match`: weak comparison, of the whole. `current`: the answer's tag in quotes.
    package func holds(_ current: String) -> Bool {
        switch self {
        case .any: return true
        case .tags(let tags):
            let opaque = current.dropFirst().dropLast()
            return tags.contains { $0.opaque == opaque }
        }
    }
}

/// A fast hash of 64 bits, the same on every server and in every process. Not for secrets: who makes two bodies of one hash fools only themselves.
package enum BodyHash {
    private static let one: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let two: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let three: UInt64 = 0x1656_67B1_9E37_79F9
    private static let four: UInt64 = 0x85EB_CA77_C2B2_AE63

    package static func of(_ body: [UInt8]) -> UInt64 { body.withUnsafeBytes { of($0) } }

    /// Eight bytes at a time. Each step can be undone, so that two bodies that differ in eight bytes alone never meet.
    private static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var hash = three ^ UInt64(bytes.count) &* one
        var position = 0
        while position + 8 <= bytes.count {
            hash = step(hash, UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)))
            position += 8
        }
        if position < bytes.count {
            var rest: UInt64 = 0
            for byte in bytes[position...].reversed() { rest = rest << 8 | UInt64(byte) }
            hash = step(hash, rest)
        }
        hash = (hash ^ hash >> 33) &* two
        hash = (hash ^ hash >> 29) &* three
        return hash ^ hash >> 32
    }

    private static func step(_ hash: UInt64, _ word: UInt64) -> UInt64 {
        rotated(hash ^ rotated(word &* two, 31) &* one, 27) &* one &+ four
    }

    private static func rotated(_ word: UInt64, _ bits: UInt64) -> UInt64 { word << bits | word >> (64 - bits) }
}
