import FoundationEssentials
import HTTP
import Values

/// Holds a JSON value against a schema. What it accepts, the document describes; what it refuses, it refuses with a pointer and a code.
package struct SchemaReader {
    package private(set) var unknown: [FieldError] = []
    package private(set) var faults: [FieldError] = []
    /// A list of a thousand faults helps nobody.
    static let faultsAtMost = 100
    /// Answers of ours may carry what the schema does not name only where it says so; input never.
    let isClosed: Bool

    package init(isClosed: Bool = true) { self.isClosed = isClosed }

    /// - Throws: `Failure.malformed` for unknown fields and wrong types (400), `Failure.invalid` for values at fault (422).
    static func check(_ json: JSON, _ schema: Schema) throws {
        var reader = SchemaReader()
        reader.read(json, schema, at: "")
        if let first = reader.unknown.first {
            throw Failure.malformed(code: first.code, pointer: first.pointer, arguments: first.arguments)
        }
        if !reader.faults.isEmpty { throw Failure.invalid(Array(reader.faults.prefix(faultsAtMost))) }
    }

    package mutating func read(_ json: JSON, _ schema: Schema, at pointer: String) {
        switch schema {
        case .nullable(let inner): if !json.isNull { read(json, inner, at: pointer) }
        case .named(let name):
            if let component = Schema.components.first(where: { $0.name == name }) { read(json, component.schema, at: pointer) }
        case .text(let minimum, let maximum): text(json, at: pointer) { Self.lengthFault($0, minimum, maximum) }
        case .line(let minimum, let maximum):
            text(json, at: pointer) { $0.isOneLine ? Self.lengthFault($0, minimum, maximum) : ("invalid_characters", [:]) }
        case .word(let words):
            text(json, at: pointer) { words.contains($0) ? nil : ("not_one_of", ["allowed": words.joined(separator: ", ")]) }
        case .openWord: text(json, at: pointer) { Self.lengthFault($0, 1, 100) }
        case .id(let prefix): text(json, at: pointer) { Self.isID($0, prefix) ? nil : ("invalid_id", ["prefix": prefix]) }
        case .format(let format): text(json, at: pointer) { Self.formatFault($0, format) }
        case .boolean: if case .bool = json {} else { wrongType("boolean", at: pointer) }
        case .integer(let minimum, let maximum): integer(json, minimum, maximum, at: pointer)
        case .money: money(json, at: pointer)
        case .list(let element, let maximum): list(json, element, maximum, at: pointer)
        case .object(let fields): object(json, fields, at: pointer)
        case .judged, .either, .anything: break
        }
    }

    private mutating func wrongType(_ expected: String, at pointer: String) {
        faults.append(FieldError(pointer, "wrong_type", ["expected": expected]))
    }

    private mutating func text(_ json: JSON, at pointer: String, _ fault: (String) -> (String, [String: String])?) {
        guard let text = json.text else { return wrongType("string", at: pointer) }
        if text.unicodeScalars.contains(where: { $0.value < 0x20 && $0 != "\n" && $0 != "\t" || $0.value == 0x7f }) {
            faults.append(FieldError(pointer, "invalid_characters"))
        } else if let (code, arguments) = fault(text) {
            faults.append(FieldError(pointer, code, arguments))
        }
    }

    private mutating func integer(_ json: JSON, _ minimum: Int64, _ maximum: Int64, at pointer: String) {
        guard case .number = json else { return wrongType("integer", at: pointer) }
        guard let value = json.integer else { return wrongType("integer", at: pointer) }
        if value < minimum || value > maximum {
            faults.append(FieldError(pointer, "out_of_range", ["min": String(minimum), "max": String(maximum)]))
        }
    }

    private mutating func money(_ json: JSON, at pointer: String) {
        guard case .object = json else { return wrongType("object", at: pointer) }
        object(json, [.init("amount", .format("decimal")), .init("currency", .format("currency"))], at: pointer)
    }

    private mutating func list(_ json: JSON, _ element: Schema, _ maximum: Int, at pointer: String) {
        guard let items = json.items else { return wrongType("array", at: pointer) }
        if items.count > maximum { return faults.append(FieldError(pointer, "too_many_items", ["max": String(maximum)])) }
        for (index, item) in items.enumerated() {
            if faults.count >= Self.faultsAtMost { return }
            read(item, element, at: "\(pointer)/\(index)")
        }
    }

    private mutating func object(_ json: JSON, _ fields: [Schema.Field], at pointer: String) {
        guard let members = json.members else { return wrongType("object", at: pointer) }
        for (name, value) in members.fields {
            let place = "\(pointer)/\(Self.escaped(name))"
            if let field = fields.first(where: { $0.name == name }) {
                read(value, field.schema, at: place)
            } else if isClosed {
                unknown.append(FieldError(place, "unknown_field", Self.known(fields)))
            }
        }
        for field in fields where field.required && members[field.name] == nil {
            faults.append(FieldError("\(pointer)/\(field.name)", "required"))
        }
    }

    /// What is known where something else was sent; `none` where that is nothing.
    static func known(_ fields: [Schema.Field]) -> [String: String] {
        ["allowed": fields.map(\.name).joined(separator: ", "), "none": fields.isEmpty ? "1" : "0"]
    }

    /// A JSON pointer's step, cut to what a reader can use.
    private static func escaped(_ name: String) -> String {
        printable(name)
            .split(separator: "~", omittingEmptySubsequences: false).joined(separator: "~0")
            .split(separator: "/", omittingEmptySubsequences: false).joined(separator: "~1")
    }

    static func printable(_ name: String) -> String {
        String(name.unicodeScalars.prefix(80).map { $0.value < 0x20 || $0.value == 0x7f ? "?" : Character($0) })
    }

    private static func lengthFault(_ text: String, _ minimum: Int, _ maximum: Int) -> (String, [String: String])? {
        let count = text.unicodeScalars.count
        if count < minimum { return ("too_short", ["min": String(minimum)]) }
        if count > maximum { return ("too_long", ["max": String(maximum)]) }
        if minimum > 0 && text.unicodeScalars.allSatisfy({ $0.properties.isWhitespace }) { return ("blank", [:]) }
        return nil
    }

    private static func isID(_ text: String, _ prefix: String) -> Bool {
        text.hasPrefix(prefix + "_") && text.utf8.count == prefix.utf8.count + 27
            && TypeIDSuffix.decode(text.utf8.dropFirst(prefix.utf8.count + 1)) != nil
    }

    static func formatFault(_ text: String, _ format: String) -> (String, [String: String])? {
        switch format {
        case "date-time": Instant(rfc3339: text) == nil ? ("invalid_time", [:]) : nil
        case "date": CivilDate(iso: text) == nil ? ("invalid_date", [:]) : nil
        case "month": CivilMonth(iso: text) == nil ? ("invalid_month", [:]) : nil
        case "decimal": ExactDecimal(text) == nil ? ("invalid_decimal", [:]) : nil
        case "currency": Currency(text) == nil ? ("unknown_currency", [:]) : nil
        case "object-id": UUID(anyID: text) == nil ? ("invalid_object_id", [:]) : nil
        case "email": isEmail(text) ? nil : ("invalid_email", [:])
        default: nil
        }
    }

    /// One @, something on both sides, a dot in the domain, no spaces or controls: the mail itself is the real proof.
    static func isEmail(_ text: String) -> Bool {
        guard text.utf8.count <= 254,
            !text.unicodeScalars.contains(where: { $0.properties.isWhitespace || "<>,;:\"()[]\\".unicodeScalars.contains($0) })
        else { return false }
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, parts[0].utf8.count <= 64 else { return false }
        let labels = parts[1].split(separator: ".", omittingEmptySubsequences: false)
        return labels.count >= 2 && labels.allSatisfy { !$0.isEmpty && $0.utf8.count <= 63 }
    }
}

extension JSON {
    /// The number as an integer: JSON Schema counts `3.0` as one, too.
    var integer: Int64? {
        guard case .number(let text) = self else { return nil }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 1 || parts[1].allSatisfy({ $0 == "0" }) else { return nil }
        return Int64(parts[0])
    }
}
