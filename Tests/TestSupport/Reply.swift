import HTTP
import Values

/// What the app answered, with its JSON by path: `reply["credit.remaining.amount"]`, `reply["what_next.0.at"]`.
package struct Reply: Sendable {
    package let request: String
    package let status: Int
    package let headers: HTTPHeaders
    /// Empty for an answer that is streamed.
    package let body: [UInt8]
    package let json: JSON

    init(_ response: HTTPResponse, to request: String) {
        self.request = request
        status = response.status
        headers = response.headers
        body =
            switch response.body {
            case .bytes(let bytes): bytes
            case .shared(let shared): shared.bytes
            case .stream: []
            }
        let isJSON = response.headers["content-type"]?.contains("json") ?? false
        json = isJSON ? ((try? JSON(parsing: body)) ?? .null) : .null
    }

    package var text: String { String(decoding: body, as: UTF8.self) }
    package var code: String? { self["code"] }
    package func header(_ name: String) -> String? { headers[name] }

    /// The scalar at a path of names and positions; nil when it is not there, or null.
    package subscript(path: String) -> String? { json.scalar(path) }
    package func list(_ path: String) -> [JSON] { json.at(path)?.elements ?? [] }

    /// The same reply, or a fault that shows what came instead.
    @discardableResult
    package func expect(_ status: Int, _ code: String? = nil) throws -> Reply {
        guard self.status == status, code == nil || self.code == code else {
            throw TestFault(
                "\(request): expected \(status) \(code ?? ""), got \(self.status) \(self.code ?? ""): \(text.prefix(600))")
        }
        return self
    }
}

extension JSON {
    package func at(_ path: String) -> JSON? {
        var here = self
        for step in path.split(separator: ".") {
            switch here {
            case .object(let fields):
                guard let next = fields.first(where: { $0.key == step })?.value else { return nil }
                here = next
            case .array(let items):
                guard let index = Int(step), items.indices.contains(index) else { return nil }
                here = items[index]
            default: return nil
            }
        }
        return here
    }

    package func scalar(_ path: String) -> String? {
        switch at(path) {
        case .string(let text)?, .number(let text)?: text
        case .bool(let flag)?: flag ? "true" : "false"
        default: nil
        }
    }

    package var elements: [JSON] { if case .array(let items) = self { items } else { [] } }
    package var fieldNames: [String] { if case .object(let fields) = self { fields.map(\.key) } else { [] } }
    package var string: String? { scalar("") }

    /// Compact text with sorted names, for comparing. `dropping` leaves fields of these names out, wherever they stand.
    package func canonical(dropping names: Set<String> = []) -> String {
        switch self {
        case .null: return "null"
        case .bool(let flag): return flag ? "true" : "false"
        case .number(let text): return text
        case .string(let text): return "\"\(text)\""
        case .array(let items): return "[" + items.map { $0.canonical(dropping: names) }.joined(separator: ",") + "]"
        case .object(let fields):
            let kept = fields.filter { !names.contains($0.key) }.sorted { $0.key < $1.key }
            return "{" + kept.map { "\"\($0.key)\":" + $0.value.canonical(dropping: names) }.joined(separator: ",") + "}"
        }
    }
}

/// JSON to be sent, written as Swift literals; a variable's text goes in as `"\(id)"`.
package indirect enum Input: Sendable, ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral,
    ExpressibleByStringInterpolation,
    ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByNilLiteral
{
    case null, flag(Bool), number(Int), text(String), list([Input]), object([(String, Input)])
    /// Bytes that are sent as they are.
    case raw(String)

    package init(nilLiteral: ()) { self = .null }
    package init(booleanLiteral value: Bool) { self = .flag(value) }
    package init(integerLiteral value: Int) { self = .number(value) }
    package init(stringLiteral value: String) { self = .text(value) }
    package init(arrayLiteral elements: Input...) { self = .list(elements) }
    package init(dictionaryLiteral elements: (String, Input)...) { self = .object(elements) }

    package var bytes: [UInt8] {
        if case .raw(let text) = self { return Array(text.utf8) }
        var writer = JSONWriter()
        write(to: &writer)
        return writer.bytes
    }

    private func write(to json: inout JSONWriter) {
        switch self {
        case .null: json.null()
        case .flag(let flag): json.value(flag)
        case .number(let number): json.value(number)
        case .text(let text): json.value(text)
        case .list(let items): json.array { json in for item in items { item.write(to: &json) } }
        case .object(let fields):
            json.object { json in
                for (name, value) in fields {
                    json.key(name)
                    value.write(to: &json)
                }
            }
        case .raw(let text): json.value(json: Array(text.utf8))
        }
    }
}
