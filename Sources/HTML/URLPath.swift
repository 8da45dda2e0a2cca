/// An address that may stand in `href`, `src` and `action`: built from encoded parts or checked, so that `javascript:` and
/// `//elsewhere.example` cannot get in.
package struct URLPath: Hashable, Sendable, CustomStringConvertible {
    /// The address as it is written into the attribute, percent-encoded.
    package let string: String
    package var description: String { string }

    private init(unchecked string: String) { self.string = string }

    /// `/accounts/acc_01…/subscriptions?state=active`: every segment, name and value is percent-encoded.
    package init(_ segments: [String], query: [(String, String)] = [], fragment: String? = nil) {
        var text = ""
        for segment in segments { text += "/" + Self.encode(segment) }
        if text.isEmpty { text = "/" }
        self.init(unchecked: Self.appending(query: query, fragment: fragment, to: text))
    }

    /// A path on this server that came from outside (a return address, a header), or nil if it could lead anywhere else.
    ///
    /// Backslashes count as slashes in browsers, and control characters are dropped by them: both are refused.
    package init?(checking text: String) {
        guard text.utf8.first == UInt8(ascii: "/"), text.utf8.count <= 2_048 else { return nil }
        let second = text.utf8.dropFirst().first
        guard second != UInt8(ascii: "/") else { return nil }
        for byte in text.utf8 where byte <= 0x20 || byte == UInt8(ascii: "\\") || byte >= 0x7F { return nil }
        self.init(unchecked: text)
    }

    /// A link to a part of the same page.
    package static func anchor(_ id: String) -> URLPath { URLPath(unchecked: "#" + encode(id)) }

    /// The same page with another query: `?lang=en`.
    package static func query(_ items: [(String, String)]) -> URLPath {
        URLPath(unchecked: appending(query: items, fragment: nil, to: items.isEmpty ? "?" : ""))
    }

    /// `mailto:` with the address encoded.
    package static func mail(_ address: String) -> URLPath { URLPath(unchecked: "mailto:" + encode(address, keeping: "@")) }

    /// A place that an address is put into later: one character, and nothing that could lead anywhere.
    package static func mark(_ character: Character) -> URLPath { URLPath(unchecked: String(character)) }

    /// The page as somebody outside reaches it: `base` is the server's own address, `https://portal.example.com`, from its configuration.
    package func absolute(at base: String) -> URLPath? {
        guard base.hasPrefix("https://") || base.hasPrefix("http://"), string.utf8.first == UInt8(ascii: "/") else { return nil }
        return URLPath(unchecked: base + string)
    }

    /// This path with more query items at its end; a fragment stays last.
    package func adding(_ query: [(String, String)]) -> URLPath {
        guard !query.isEmpty else { return self }
        let parts = string.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        var text = String(parts[0])
        var separator = text.utf8.contains(UInt8(ascii: "?")) ? "&" : "?"
        for (name, value) in query {
            text += separator + Self.encode(name) + "=" + Self.encode(value)
            separator = "&"
        }
        return URLPath(unchecked: parts.count == 2 ? text + "#" + parts[1] : text)
    }

    private static func appending(query: [(String, String)], fragment: String?, to path: String) -> String {
        var text = path
        var separator = "?"
        for (name, value) in query {
            text += separator + encode(name) + "=" + encode(value)
            separator = "&"
        }
        if let fragment { text += "#" + encode(fragment) }
        return text
    }

    /// RFC 3986 unreserved characters stand for themselves, every other byte becomes %XX.
    package static func encode(_ text: String, keeping extra: String = "") -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        let kept = Array("-._~".utf8) + Array(extra.utf8)
        var out: [UInt8] = []
        out.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                out.append(byte)
            case _ where kept.contains(byte):
                out.append(byte)
            default:
                out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
