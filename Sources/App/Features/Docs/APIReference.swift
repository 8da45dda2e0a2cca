import FoundationEssentials
import HTTP
import Values

/// What the pages of `/docs/api` and the OpenAPI document say beyond the endpoints' own types: answers that the program really gave, the refusals that it
/// was seen to give, and the document's English sentences in Chinese. Files of `Web/api`, each held against the program by tests.
package struct APIReference: Sendable {
    package let examples: [String: APIExample]
    /// By operation and status: the codes that it was seen to answer.
    package let refusals: [String: [Int: [String]]]
    private let chinese: [String: String]

    /// - Throws: when a file is there and cannot be read: the server does not start with it.
    package init(folder: URL) throws {
        var examples: [String: APIExample] = [:]
        for (name, value) in try Self.members("examples.json", folder) { examples[name] = APIExample(value) }
        self.examples = examples
        var refusals: [String: [Int: [String]]] = [:]
        for (name, value) in try Self.members("refusals.json", folder) {
            for (status, codes) in value.members?.fields ?? [] {
                refusals[name, default: [:]][Int(status) ?? 0] = codes.items?.compactMap(\.text) ?? []
            }
        }
        self.refusals = refusals
        var chinese: [String: String] = [:]
        for (sentence, value) in try Self.members("zh-Hans.json", folder) { chinese[sentence] = value.text }
        self.chinese = chinese
    }

    private static func members(_ name: String, _ folder: URL) throws -> [(key: String, value: JSON)] {
        let bytes = try Array(Data(contentsOf: folder.appending(path: name)))
        guard let members = try JSON(parsing: bytes).members else { throw Unreadable(file: name) }
        return members.fields
    }

    struct Unreadable: Error, CustomStringConvertible {
        let file: String
        var description: String { "\(file) in Web/api holds no JSON object" }
    }

    package func example(_ endpoint: Endpoint) -> APIExample? { examples["\(endpoint)"] }

    /// A sentence of the document in the reader's language; the English one where it has no other.
    package func words(_ sentence: String, _ language: Language) -> String {
        language == .en ? sentence : chinese[sentence] ?? sentence
    }
    /// A part of the API as a heading.
    func heading(_ tag: String, _ language: Language) -> String {
        let words = words(tag, language)
        return words.prefix(1).uppercased() + words.dropFirst()
    }
    package var sentences: Set<String> { Set(chinese.keys) }
}

/// One request that was made and what it was answered, with other names, IDs and times in place of the real ones.
package struct APIExample: Sendable {
    /// Path and query.
    package var target: String
    /// Nil where nothing was sent.
    package var body: JSON?
    package var status: Int
    package var headers: [(name: String, value: String)]
    /// JSON as it was, or the text of a file as a string.
    package var answer: JSON

    package init(target: String, body: JSON?, status: Int, headers: [(name: String, value: String)], answer: JSON) {
        self.target = target
        self.body = body
        self.status = status
        self.headers = headers
        self.answer = answer
    }

    init?(_ json: JSON) {
        guard let members = json.members, let target = members["target"]?.text, let status = members["status"]?.integer else {
            return nil
        }
        self.target = target
        body = members["body"]
        self.status = Int(status)
        headers = members["headers"]?.members?.fields.compactMap { field in field.value.text.map { (field.key, $0) } } ?? []
        answer = members["answer"] ?? .null
    }

    package var json: JSON {
        var fields: [(key: String, value: JSON)] = [("target", .string(target))]
        if let body { fields.append(("body", body)) }
        fields.append(("status", .number(String(status))))
        fields.append(("headers", .object(headers.map { ($0.name, .string($0.value)) })))
        fields.append(("answer", answer))
        return .object(fields)
    }
}

extension JSON {
    /// Text for people: one field a line, short objects and lists on one line.
    package func pretty(_ indent: String = "") -> String {
        let line = compact
        switch self {
        case .object(let fields) where !fields.isEmpty && (line.count > 72 || fields.count > 4):
            let inner = indent + "  "
            return "{\n"
                + fields.map { "\(inner)\(JSON.string($0.key).compact): \($0.value.pretty(inner))" }.joined(separator: ",\n")
                + "\n\(indent)}"
        case .array(let items) where !items.isEmpty && line.count > 72:
            let inner = indent + "  "
            return "[\n" + items.map { inner + $0.pretty(inner) }.joined(separator: ",\n") + "\n\(indent)]"
        default: return line
        }
    }

    /// On one line, with a blank after each comma and colon.
    package var compact: String {
        switch self {
        case .object(let fields):
            "{" + fields.map { "\(JSON.string($0.key).compact): \($0.value.compact)" }.joined(separator: ", ") + "}"
        case .array(let items): "[" + items.map(\.compact).joined(separator: ", ") + "]"
        case .string, .number, .bool, .null: String(decoding: bytes, as: UTF8.self)
        }
    }

    package var bytes: [UInt8] {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.bytes
    }

    package func write(to json: inout JSONWriter) {
        switch self {
        case .null: json.null()
        case .bool(let flag): json.value(flag)
        case .number(let text): json.value(json: Array(text.utf8))
        case .string(let text): json.value(text)
        case .array(let items): json.array { json in for item in items { item.write(to: &json) } }
        case .object(let fields):
            json.object { json in
                for (name, value) in fields {
                    json.key(name)
                    value.write(to: &json)
                }
            }
        }
    }
}
