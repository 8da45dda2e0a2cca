import App
import HTTP

/// An option of one command: a parameter of its query, or a place in its body.
package struct CommandOption: Sendable {
    enum Place: Sendable {
        case query(String)
        /// Names from the body's root down.
        case body([String])
        /// The currency of the amounts beside it.
        case currency
    }

    package let name: String
    let place: Place
    let schema: Schema
    let isRequired: Bool
    let note: String

    /// The query's and the body's fields as options, flat: `administrator.email` is `--administrator-email`.
    static func all(of documentation: EndpointDocumentation, on endpoint: Endpoint) -> [CommandOption] {
        // Files of a list are asked for with `-o`.
        let query = documentation.query.filter { $0.name != "format" }.map {
            CommandOption(
                name: spelled([$0.name]), place: .query($0.name), schema: $0.schema, isRequired: $0.required, note: $0.note)
        }
        guard case .object(let fields)? = documentation.body?.resolved else { return query }
        var body = fields.flatMap { flat($0, [], isRequired: true) }
        // A file of IDs takes the place of items; `--dry-run` is said in the query by every command.
        if endpoint == .actOnSubscriptions { body.removeAll { ["--items", "--dry-run"].contains($0.name) } }
        let hasMoney = body.contains { if case .money = $0.schema.resolved { true } else { false } }
        if hasMoney, !body.contains(where: { $0.name == "--currency" }) {
            body.append(
                CommandOption(
                    name: "--currency", place: .currency, schema: .text(min: 3, max: 3), isRequired: false,
                    note: "Of the amounts that name none themselves."))
        }
        return query + body
    }

    private static func flat(_ field: Schema.Field, _ path: [String], isRequired: Bool) -> [CommandOption] {
        let path = path + [field.name]
        let required = isRequired && field.required
        if case .object(let inner) = field.schema.resolved, !inner.isEmpty {
            return inner.flatMap { flat($0, path, isRequired: required) }
        }
        return [
            CommandOption(name: spelled(path), place: .body(path), schema: field.schema, isRequired: required, note: field.note)
        ]
    }

    private static func spelled(_ path: [String]) -> String {
        "--" + path.joined(separator: "-").map { $0 == "_" ? "-" : String($0) }.joined()
    }

    /// A choice that need not be spelled out: paying by the method that moves no real money, where the tenant offers it.
    var fallback: String? {
        guard case .body(let path) = place, path.last == "method", case .word(let words) = schema.resolved else { return nil }
        return words.first
    }

    // MARK: Values

    /// Text from the command line as the value that the schema asks for.
    func value(_ text: String, currency: String?) throws -> JSON {
        if schema.isNullable && text == "null" { return .null }
        switch schema.resolved {
        case .boolean:
            guard ["true", "false"].contains(text) else { throw wrong("true or false") }
            return .bool(text == "true")
        case .integer:
            guard let number = Int64(text) else { throw wrong("a whole number") }
            return .number(String(number))
        case .word(let words):
            guard words.contains(text) else {
                throw ClientFault.usage(
                    "\(name) is one of \(words.joined(separator: ", ")). Did you mean \(Configuration.nearest(text, words))?")
            }
            return .string(text)
        case .money: return try money(text, currency)
        case .list(let element, _):
            switch element.resolved {
            case .object, .list, .anything: return try json(text)
            default: return .array(text.split(separator: ",").map { .string(String($0)) })
            }
        case .object, .anything, .judged, .either: return try json(text)
        case .text, .line, .openWord, .format, .id, .nullable, .named: return .string(text)
        }
    }

    private func money(_ text: String, _ currency: String?) throws -> JSON {
        let parts = text.split(separator: " ").map(String.init)
        guard let amount = parts.first, parts.count <= 2 else { throw wrong("an amount such as 1000.00") }
        guard let code = parts.count == 2 ? parts[1] : currency else {
            throw ClientFault.usage("\(name) needs a currency: \(name) '\(amount) CNY', or --currency CNY.")
        }
        return .object([("amount", .string(amount)), ("currency", .string(code))])
    }

    private func json(_ text: String) throws -> JSON {
        do { return try JSON(parsing: Array(text.utf8)) } catch { throw wrong("JSON (\(error.reason))") }
    }

    private func wrong(_ expected: String) -> ClientFault { .usage("\(name) is \(expected).") }

    /// What stands behind the option in a line of usage.
    var valueName: String {
        switch schema.resolved {
        case .boolean: "true|false"
        case .integer: "N"
        case .word(let words): words.count <= 4 ? words.joined(separator: "|") : "WORD"
        case .money: "AMOUNT"
        case .id(let prefix): "\(prefix)_…"
        case .format("date-time"): "TIME"
        case .format("date"): "DATE"
        case .format("month"): "MONTH"
        case .format("email"): "ADDRESS"
        case .format: "VALUE"
        case .list(let element, _): if case .object = element.resolved { "JSON" } else { "A,B" }
        case .object, .anything: "JSON"
        default: "TEXT"
        }
    }
}

/// A body put together from options, over what `--data` brought.
struct BodyBuilder {
    private(set) var json: JSON?

    init(_ json: JSON?) { self.json = json }

    mutating func set(_ value: JSON, at path: [String]) throws {
        json = try Self.setting(value, at: path[...], in: json ?? .object([]))
    }

    private static func setting(_ value: JSON, at path: ArraySlice<String>, in json: JSON) throws -> JSON {
        guard let first = path.first else { return value }
        guard case .object(var members) = json else {
            throw ClientFault.usage("--data is no JSON object, so --\(path.joined(separator: "-")) has no place in it.")
        }
        let index = members.firstIndex { $0.key == first }
        let inner = try setting(value, at: path.dropFirst(), in: index.map { members[$0].value } ?? .object([]))
        if let index { members[index].value = inner } else { members.append((first, inner)) }
        return .object(members)
    }
}
