/// A JSON value as it stood in the text: members in order, numbers as their exact characters. Never a Double.
package enum JSON: Sendable {
    case null
    case bool(Bool)
    /// The characters of the number, valid by RFC 8259, of any length.
    case number(String)
    /// Valid Unicode; may contain U+0000, which JSON allows and PostgreSQL does not.
    case string(String)
    case array([JSON])
    /// Keys are unique.
    case object([(key: String, value: JSON)])
}

extension JSON: Equatable {
    /// Members are compared in order: two texts are equal here when they say the same in the same way.
    package static func == (left: JSON, right: JSON) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.number(let left), .number(let right)), (.string(let left), .string(let right)): left == right
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)):
            left.count == right.count && zip(left, right).allSatisfy { $0.key == $1.key && $0.value == $1.value }
        default: false
        }
    }
}

extension JSONWriter {
    /// A whole value; numbers as their characters.
    package mutating func value(_ json: JSON) {
        switch json {
        case .null: null()
        case .bool(let flag): value(flag)
        case .number(let text): value(json: Array(text.utf8))
        case .string(let text): value(text)
        case .array(let elements):
            beginArray()
            for element in elements { value(element) }
            endArray()
        case .object(let members):
            beginObject()
            for member in members {
                key(member.key)
                value(member.value)
            }
            endObject()
        }
    }
}
