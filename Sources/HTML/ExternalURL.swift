/// An address on another site that may stand in `href`: `https`, or plain `http` on this very machine for trying things out. Never `javascript:`,
/// never with a name and password in it.
package struct ExternalURL: Hashable, Sendable, CustomStringConvertible {
    package let string: String
    /// For people: `console.example.com`.
    package let host: String
    package var description: String { string }

    package init?(checking text: String) {
        guard text.utf8.count <= 2_048 else { return nil }
        for byte in text.utf8 where byte <= 0x20 || byte >= 0x7F || Self.refused.contains(byte) { return nil }
        let isSecure = text.hasPrefix("https://")
        guard isSecure || text.hasPrefix("http://") else { return nil }
        let authority = text.dropFirst(isSecure ? 8 : 7).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
        guard let name = parts.first, parts.count <= 2, Self.isHostName(name) else { return nil }
        if parts.count == 2 { guard let port = UInt16(parts[1]), port > 0 else { return nil } }
        guard isSecure || name == "localhost" || name == "127.0.0.1" else { return nil }
        string = text
        host = String(name)
    }

    private static let refused = Array("\\<>\"'`{}|^@".utf8)

    private static func isHostName(_ name: Substring) -> Bool {
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        return name.utf8.count <= 253
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                    && label.utf8.allSatisfy {
                        (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45
                    }
            }
    }
}

extension Attribute where Scope == Tag.Anchor {
    package static func href(_ url: ExternalURL) -> Self { Self("href", text: url.string) }
}
