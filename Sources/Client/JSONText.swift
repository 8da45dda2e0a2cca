import HTTP

/// JSON for people and for programs. Numbers keep their characters.
enum JSONText {
    static func line(_ json: JSON) -> String {
        var writer = JSONWriter()
        writer.value(json)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// Two spaces for each level.
    static func pretty(_ json: JSON) -> String {
        var text = ""
        append(json, "", &text)
        return text
    }

    private static func append(_ json: JSON, _ indent: String, _ text: inout String) {
        let inner = indent + "  "
        switch json {
        case .array(let elements) where !elements.isEmpty:
            for (index, element) in elements.enumerated() {
                text += (index == 0 ? "[\n" : ",\n") + inner
                append(element, inner, &text)
            }
            text += "\n\(indent)]"
        case .object(let members) where !members.isEmpty:
            for (index, member) in members.enumerated() {
                text += (index == 0 ? "{\n" : ",\n") + inner + line(.string(member.key)) + ": "
                append(member.value, inner, &text)
            }
            text += "\n\(indent)}"
        default: text += line(json)
        }
    }
}
