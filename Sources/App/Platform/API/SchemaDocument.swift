import HTTP

extension Schema {
    /// A page of a list.
    package static func listOf(_ name: String) -> Schema {
        .object([
            // A timeline tells the days' usage between its events, too.
            .init("data", .list(.named(name), max: name == "TimelineEntry" ? 2_101 : 100)), .init("has_more", .boolean),
            .init("next_cursor", .nullable(.text(max: 1_200))),
            .optional("total", .integer(min: 0, max: 10_000), "With `include=total`: rows of the whole list."),
            .optional("total_is_exact", .boolean, "False: there are more than `total`."),
        ])
    }

    /// As JSON Schema 2020-12.
    func write(to json: inout JSONWriter) {
        json.object { members(to: &$0) }
    }

    private func members(to json: inout JSONWriter) {
        switch self {
        case .named(let name): json.field("$ref", "#/components/schemas/\(name)")
        case .nullable(let inner):
            json.field(
                "anyOf",
                array: { json in
                    inner.write(to: &json)
                    json.object { $0.field("type", "null") }
                })
        case .text(let minimum, let maximum):
            json.field("type", "string")
            if minimum > 0 { json.field("minLength", minimum) }
            json.field("maxLength", maximum)
            json.field("pattern", minimum > 0 ? Self.notBlank : Self.printable)
        case .line(let minimum, let maximum):
            json.field("type", "string")
            if minimum > 0 { json.field("minLength", minimum) }
            json.field("maxLength", maximum)
            json.field("pattern", minimum > 0 ? Self.lineNotBlank : Self.line)
        case .word(let words):
            json.field("type", "string")
            json.field("enum", words: words)
        case .openWord(let words):
            json.field(
                "anyOf",
                array: { json in
                    Schema.word(words).write(to: &json)
                    Schema.text(max: 100).write(to: &json)
                })
        case .either(let schemas):
            json.field("anyOf", array: { json in for schema in schemas { schema.write(to: &json) } })
        case .id(let prefix):
            json.field("type", "string")
            json.field("pattern", "^\(prefix)_[0-7][0-9a-hjkmnp-tv-z]{25}$")
        case .format("object-id"):
            json.field("type", "string")
            json.field("pattern", "^([a-z]{3}_[0-7][0-9a-hjkmnp-tv-z]{25}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$")
        case .format("decimal"):
            json.field("type", "string")
            json.field("pattern", "^-?(0|[1-9][0-9]*)(\\.[0-9]+)?$")
        case .format("month"):
            json.field("type", "string")
            json.field("pattern", "^[0-9]{4}-(0[1-9]|1[0-2])$")
        case .format("currency"):
            json.field("type", "string")
            json.field("pattern", "^[A-Z]{3}$")
        case .format(let format):
            json.field("type", "string")
            json.field("format", format)
        case .boolean: json.field("type", "boolean")
        case .integer(let minimum, let maximum):
            json.field("type", "integer")
            json.field("minimum", minimum)
            json.field("maximum", maximum)
        case .money:
            Schema.object([.init("amount", .format("decimal")), .init("currency", .text(min: 3, max: 3))]).members(to: &json)
        case .list(let element, let maximum):
            json.field("type", "array")
            json.field("maxItems", maximum)
            json.key("items")
            element.write(to: &json)
        case .object(let fields): objectMembers(fields, to: &json)
        case .judged(let inner):
            // Whatever is sent gets its own verdict; this is what is accepted.
            json.field(
                "anyOf",
                array: { json in
                    inner.write(to: &json)
                    json.object { _ in }
                })
        case .anything: json.field("type", "object")
        }
    }

    /// Any characters but controls; of those, tabs and line ends may stand.
    private static let printable = "^[^\\u0000-\\u0008\\u000b-\\u001f\\u007f]*$"
    private static let notBlank =
        "^[^\\u0000-\\u0008\\u000b-\\u001f\\u007f]*[^\\u0000-\\u001f\\u007f\\s][^\\u0000-\\u0008\\u000b-\\u001f\\u007f]*$"

    /// No controls and no line ends at all.
    private static let line = "^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]*$"
    private static let lineNotBlank =
        "^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]*[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\s][^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]*$"

    private func objectMembers(_ fields: [Field], to json: inout JSONWriter) {
        json.field("type", "object")
        json.field("required", words: fields.filter(\.required).map(\.name))
        json.field(
            "properties",
            object: { json in
                for field in fields {
                    json.field(
                        field.name,
                        object: { json in
                            field.schema.members(to: &json)
                            if !field.note.isEmpty { json.field("description", field.note) }
                        })
                }
            })
        json.field("additionalProperties", false)
    }
}
