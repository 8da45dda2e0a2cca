import FoundationEssentials
import HTML

/// Why the strings cannot be used; the server does not start with such files.
package enum LocalisationError: Error, Sendable, CustomStringConvertible {
    case unreadable(file: String, reason: String)
    case malformed(file: String, key: String)
    case missing(file: String, keys: [String])
    case differentPlaces(keys: [String])

    package var description: String {
        switch self {
        case .unreadable(let file, let reason): "\(file) cannot be read: \(reason)"
        case .malformed(let file, let key): "\(file): the text of \(key) has a brace that is not closed or a name that is none"
        case .missing(let file, let keys): "\(file) lacks \(keys.joined(separator: ", "))"
        case .differentPlaces(let keys): "the languages name different places in \(keys.joined(separator: ", "))"
        }
    }
}

/// Every text of the program in one language, by dotted key: `strings("payment.review_title", ["amount": amount])`.
package struct Strings: Sendable {
    package let language: Language
    private let templates: [String: StringTemplate]

    init(language: Language, templates: [String: StringTemplate]) {
        self.language = language
        self.templates = templates
    }

    package var keys: Set<String> { Set(templates.keys) }

    package func has(_ key: String) -> Bool { templates[key] != nil }

    /// The text under `key` with its places filled. A key that does not exist shows itself between brackets: a test finds it
    /// before a reader does.
    package func callAsFunction(_ key: String, _ arguments: [String: String] = [:]) -> String {
        guard let template = templates[key] else { return "⟦\(key)⟧" }
        if template.parts.count == 1, case .words(let words) = template.parts[0] { return words }
        var text = ""
        for part in template.parts {
            switch part {
            case .place("roles"): text += roles(arguments["roles"] ?? "")
            // The full stop of a name, as in "Example Ltd.", ends its sentence too.
            case .words(let words) where text.hasSuffix(".") && words.hasPrefix(".") && !words.hasPrefix(".."):
                text += words.dropFirst()
            default: text += StringTemplate.filled(part, arguments)
            }
        }
        return text
    }

    /// Roles are codes wherever they are an argument, and have their names in every text. A refusal that was written down before it named any sends to the
    /// table of roles.
    private func roles(_ codes: String) -> String {
        guard !codes.isEmpty else { return self("common.roles_by_table") }
        return codes.split(separator: " ").map { self("role.\($0)") }.joined(separator: self("common.list_comma"))
    }

    /// A longer text in paragraphs, which stand apart by an empty line. One that asks for something that is not known is left out.
    package func paragraphs(_ key: String, _ arguments: [String: String]) -> [String] {
        guard let template = templates[key] else { return ["⟦\(key)⟧"] }
        var paragraphs = [(text: "", isWhole: true)]
        for part in template.parts {
            switch part {
            case .words(let words):
                for (index, piece) in words.split(separator: "\n\n", omittingEmptySubsequences: false).enumerated() {
                    if index > 0 { paragraphs.append(("", true)) }
                    paragraphs[paragraphs.count - 1].text += piece
                }
            case .place(let name), .choice(let name, _, _):
                paragraphs[paragraphs.count - 1].text += StringTemplate.filled(part, arguments)
                if arguments[name] == nil { paragraphs[paragraphs.count - 1].isWhole = false }
            }
        }
        return paragraphs.filter(\.isWhole).map(\.text)
    }

    /// As above, with markup in some places: an amount in bold, a date as `<time>`, a link.
    package func html(_ key: String, _ pieces: [String: HTML], _ arguments: [String: String] = [:]) -> HTML {
        guard let template = templates[key] else { return .text("⟦\(key)⟧") }
        return .fragment(
            template.parts.map { part in
                if case .place(let name) = part, let piece = pieces[name] { return piece }
                return .text(StringTemplate.filled(part, arguments))
            })
    }
}

/// Both languages, read once at start.
package struct Localisation: Sendable {
    private let english: Strings
    private let chinese: Strings

    package subscript(language: Language) -> Strings {
        switch language {
        case .en: english
        case .zhHans: chinese
        }
    }

    /// Reads `en.json` and `zh-Hans.json` in a folder and holds them against each other.
    package init(folder: URL) throws(LocalisationError) {
        let english = try Self.load(.en, folder)
        let chinese = try Self.load(.zhHans, folder)
        for (strings, others) in [(english, chinese), (chinese, english)] {
            let lacking = others.keys.filter { strings[$0] == nil }.sorted()
            let file = strings == english ? "en.json" : "zh-Hans.json"
            guard lacking.isEmpty else { throw .missing(file: file, keys: lacking) }
        }
        let different = english.filter { chinese[$0.key]?.placeNames != $0.value.placeNames }.keys.sorted()
        guard different.isEmpty else { throw .differentPlaces(keys: different) }
        self.english = Strings(language: .en, templates: english)
        self.chinese = Strings(language: .zhHans, templates: chinese)
    }

    private static func load(_ language: Language, _ folder: URL) throws(LocalisationError) -> [String: StringTemplate] {
        let file = "\(language.tag).json"
        let root: Node
        do {
            root = try JSONDecoder().decode(Node.self, from: Data(contentsOf: folder.appending(path: file)))
        } catch {
            throw .unreadable(file: file, reason: "\(error)")
        }
        var templates: [String: StringTemplate] = [:]
        for (key, text) in root.flattened() {
            guard let template = StringTemplate(text) else { throw .malformed(file: file, key: key) }
            templates[key] = template
        }
        return templates
    }

    /// A strings file: texts in objects in objects.
    private enum Node: Decodable {
        case text(String)
        case object([String: Node])

        init(from decoder: any Decoder) throws {
            if let text = try? decoder.singleValueContainer().decode(String.self) {
                self = .text(text)
            } else {
                self = .object(try decoder.singleValueContainer().decode([String: Node].self))
            }
        }

        func flattened() -> [(String, String)] {
            switch self {
            case .text(let text): [("", text)]
            case .object(let children):
                children.flatMap { name, child in child.flattened().map { ($0.0.isEmpty ? name : "\(name).\($0.0)", $0.1) } }
            }
        }
    }
}
