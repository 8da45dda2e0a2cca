import HTTP
import Values

/// The members of a JSON object, for reading by name.
struct JSONMembers {
    let fields: [(key: String, value: JSON)]

    subscript(name: String) -> JSON? {
        for field in fields where field.key == name { return field.value }
        return nil
    }
}

extension JSON {
    var members: JSONMembers? {
        if case .object(let fields) = self { JSONMembers(fields: fields) } else { nil }
    }
    var text: String? {
        if case .string(let text) = self { text } else { nil }
    }
    var items: [JSON]? {
        if case .array(let items) = self { items } else { nil }
    }
    var isNull: Bool {
        if case .null = self { true } else { false }
    }
}
