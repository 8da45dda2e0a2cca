/// One text of the strings files, taken apart once: words, named places, and choices by number.
///
/// `{amount}` stands for the argument of that name; `{days|day|days}` is `day` when the argument is 1 and `days` otherwise.
struct StringTemplate: Sendable, Hashable {
    enum Part: Sendable, Hashable {
        case words(String)
        case place(String)
        case choice(String, one: String, other: String)
    }

    let parts: [Part]

    /// Nil when a brace is not closed, a name is not made of letters, or a choice has not exactly two forms.
    init?(_ text: String) {
        var parts: [Part] = []
        var rest = Substring(text)
        while let open = rest.firstIndex(of: "{") {
            guard let close = rest[open...].firstIndex(of: "}") else { return nil }
            if open > rest.startIndex { parts.append(.words(String(rest[..<open]))) }
            let inside = rest[rest.index(after: open)..<close].split(separator: "|", omittingEmptySubsequences: false)
            let name = String(inside[0])
            guard !name.isEmpty, name.utf8.allSatisfy(Self.isNameByte) else { return nil }
            switch inside.count {
            case 1: parts.append(.place(name))
            case 3: parts.append(.choice(name, one: String(inside[1]), other: String(inside[2])))
            default: return nil
            }
            rest = rest[rest.index(after: close)...]
        }
        guard !rest.contains("}") else { return nil }
        if !rest.isEmpty { parts.append(.words(String(rest))) }
        self.parts = parts
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "_")
    }

    /// The names that it expects. Both languages expect the same, but only one may need a choice.
    var placeNames: Set<String> {
        Set(
            parts.compactMap { part in
                if case .place(let name) = part { name } else { nil }
            })
    }

    /// The argument that `part` shows or decides by, as text.
    static func filled(_ part: Part, _ arguments: [String: String]) -> String {
        switch part {
        case .words(let words): words
        case .place(let name): arguments[name] ?? "{\(name)}"
        case .choice(let name, let one, let other): arguments[name] == "1" ? one : other
        }
    }
}
