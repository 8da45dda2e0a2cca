/// A piece of a page as a value: built by the element functions, escaped when it is rendered, comparable in tests.
///
/// Text and attribute values are escaped by type; the one way around it is ``unsafeRaw(_:)`` and says so.
package indirect enum HTML: Sendable {
    case empty
    /// Characters for a person to read; `& < > " '` are escaped, NUL and other control characters become U+FFFD.
    case text(String)
    /// Markup written out as it is. Only for constants of the program, never for anything that a user or a row supplied.
    case unsafeRaw(StaticString)
    case fragment([HTML])
    case element(StaticString, [RawAttribute], HTML)
    /// An element without content. `foreign` marks SVG, where the parser wants `/>` instead of knowing the name.
    case void(StaticString, [RawAttribute], foreign: Bool)
}

extension HTML {
    /// Several pieces one after another.
    package static func join(_ parts: some Sequence<HTML>, separator: HTML = .empty) -> HTML {
        var all: [HTML] = []
        for part in parts {
            if !all.isEmpty, !separator.isEmpty { all.append(separator) }
            all.append(part)
        }
        return .fragment(all)
    }

    /// Whether nothing at all would be written. An element is never empty, also without content.
    package var isEmpty: Bool {
        switch self {
        case .empty: true
        case .text(let string): string.isEmpty
        case .unsafeRaw(let markup): markup.utf8CodeUnitCount == 0
        case .fragment(let parts): parts.allSatisfy(\.isEmpty)
        case .element, .void: false
        }
    }
}

extension HTML: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    package init(stringLiteral value: String) { self = .text(value) }
}
