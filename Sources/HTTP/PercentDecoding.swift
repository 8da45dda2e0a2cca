/// Strict decoding of what arrives inside a request target or a form: an escape that is no escape, bytes that are no UTF-8
/// and NUL are refused, never repaired.
enum PercentDecoding {
    /// One component. `+` means a space in queries and forms, and itself in a path.
    static func decode(_ bytes: some Collection<UInt8>, plusIsSpace: Bool, what: String) throws(HTTPRefusal) -> String {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var position = bytes.startIndex
        while position != bytes.endIndex {
            let byte = bytes[position]
            bytes.formIndex(after: &position)
            if byte == UInt8(ascii: "%") {
                guard let high = nextHexDigit(bytes, &position), let low = nextHexDigit(bytes, &position) else {
                    throw .malformed("The \(what) has a percent sign that is not followed by two hexadecimal digits.")
                }
                decoded.append(high << 4 | low)
            } else {
                decoded.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        guard !decoded.contains(0) else { throw .malformed("The \(what) contains a NUL character.") }
        guard let text = String(validating: decoded, as: UTF8.self) else {
            throw .malformed("The \(what) is not valid UTF-8.")
        }
        return text
    }

    /// The segments between the slashes of an absolute path: "/a/b" is ["a", "b"], "/" is [], "/a/" is ["a", ""]. A slash
    /// that came escaped stays inside its segment. Dot segments are refused: no client that means well sends them.
    static func segments(ofPath path: some Collection<UInt8>) throws(HTTPRefusal) -> [String] {
        if let plain = path.withContiguousStorageIfAvailable(plainSegments) ?? nil { return plain }
        var segments: [String] = []
        if path.count == 1 { return segments }
        for piece in path.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            let segment = try decode(piece, plusIsSpace: false, what: "path")
            guard segment != ".", segment != ".." else { throw .malformed("The path has a dot segment.") }
            guard segment.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                throw .malformed("The path contains a control character.")
            }
            segments.append(segment)
        }
        return segments
    }

    /// The segments of a path in which nothing is escaped and nothing is odd, which is nearly every path; nil for all others.
    private static func plainSegments(_ path: UnsafeBufferPointer<UInt8>) -> [String]? {
        var segments: [String] = []
        if path.count <= 1 { return path.isEmpty ? nil : segments }
        var start = 1
        for position in 1...path.count {
            if position < path.count {
                let byte = path[position]
                if byte == UInt8(ascii: "%") || byte < 0x20 || byte >= 0x7F { return nil }
                if byte != UInt8(ascii: "/") { continue }
            }
            let piece = UnsafeBufferPointer(rebasing: path[start..<position])
            if piece.first == UInt8(ascii: "."), piece.count <= 2 { return nil }
            segments.append(String(decoding: piece, as: UTF8.self))
            start = position + 1
        }
        return segments
    }

    /// The pairs of a query or form, in order; a name without "=" has the empty value, empty pieces are skipped.
    static func pairs(
        _ bytes: some Collection<UInt8>, what: String, countMaximum: Int
    ) throws(HTTPRefusal) -> [(name: String, value: String)] {
        var pairs: [(name: String, value: String)] = []
        for piece in bytes.split(separator: UInt8(ascii: "&")) {
            guard pairs.count < countMaximum else { throw .malformed("The \(what) has more than \(countMaximum) fields.") }
            let equals = piece.firstIndex(of: UInt8(ascii: "="))
            let name = try decode(piece[..<(equals ?? piece.endIndex)], plusIsSpace: true, what: what)
            let value = try equals.map { position throws(HTTPRefusal) in
                try decode(piece[position...].dropFirst(), plusIsSpace: true, what: what)
            }
            pairs.append((name, value ?? ""))
        }
        return pairs
    }

    private static func nextHexDigit<Bytes: Collection<UInt8>>(_ bytes: Bytes, _ position: inout Bytes.Index) -> UInt8? {
        guard position != bytes.endIndex else { return nil }
        let byte = bytes[position]
        bytes.formIndex(after: &position)
        return switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
