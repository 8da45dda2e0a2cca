import HTML

/// A schema in words for a reader, field by field, made from what the reader of the input enforces.
struct SchemaWords {
    let reference: APIReference
    let t: Localiser

    struct Row {
        /// `payment.amount`, `items[].id`
        let name: String
        let type: HTML
        let isRequired: Bool
        let note: String
    }

    func rows(_ schema: Schema, within prefix: String = "") -> [Row] {
        switch schema {
        case .object(let fields):
            return fields.flatMap { field in
                let name = prefix + field.name
                let row = Row(
                    name: name, type: type(field.schema), isRequired: field.required,
                    note: field.note.isEmpty ? "" : reference.words(field.note, t.language))
                return [row] + rows(field.schema, within: name + ".")
            }
        case .list(let element, _):
            let name = prefix.isEmpty ? "[]." : prefix.dropLast() + "[]."
            return rows(element, within: name)
        case .nullable(let inner), .judged(let inner): return rows(inner, within: prefix)
        default: return []
        }
    }

    func type(_ schema: Schema) -> HTML {
        switch schema {
        case .text(let minimum, let maximum):
            .text(t(minimum > 0 ? "docs.type.text_range" : "docs.type.text", ["min": String(minimum), "max": String(maximum)]))
        case .line(let minimum, let maximum):
            .text(t(minimum > 0 ? "docs.type.line_range" : "docs.type.line", ["min": String(minimum), "max": String(maximum)]))
        case .format("date-time"): t.html("docs.type.instant", ["example": code { "2026-11-20T14:05:00Z" }])
        case .format("date"): t.html("docs.type.date", ["example": code { "2026-11-20" }])
        case .format("month"): t.html("docs.type.month", ["example": code { "2026-11" }])
        case .format("decimal"): t.html("docs.type.decimal", ["example": code { "\"1234.50\"" }])
        case .format("email"): .text(t("docs.type.email"))
        case .format("object-id"): .text(t("docs.type.any_id"))
        case .format(let name): .text(name)
        case .id(let prefix): t.html("docs.type.id", ["prefix": code { "\(prefix)_…" }])
        case .word(let words):
            t.html("docs.type.word", ["words": code { words.joined(separator: " | ") }])
        case .openWord(let words):
            t.html("docs.type.open_word", ["words": code { words.joined(separator: " | ") }])
        case .integer(let minimum, let maximum):
            .text(t("docs.type.integer", ["min": String(minimum), "max": String(maximum)]))
        case .boolean: code { "true | false" }
        case .money: object("Money")
        case .object: .text(t("docs.type.object"))
        case .list(.object, let maximum):
            t.html("docs.type.list", ["element": .text(t("docs.type.object"))], ["max": String(maximum)])
        case .list(let element, let maximum): t.html("docs.type.list", ["element": type(element)], ["max": String(maximum)])
        case .nullable(let inner): t.html("docs.type.nullable", ["type": type(inner)])
        case .named(let name): object(name)
        case .judged(let inner): type(inner)
        case .either: .text(t("docs.type.anything"))
        case .anything: .text(t("docs.type.anything"))
        }
    }

    func object(_ name: String) -> HTML {
        a(.href(PageRoute.apiObject.url(name))) { code { name } }
    }

    /// The fields as a list of names and what may stand there.
    func list(_ rows: [Row]) -> HTML {
        dl(.class("fields")) {
            for row in rows {
                div {
                    dt { code { row.name } }
                    dd {
                        row.type
                        if !row.isRequired { span(.class("faint")) { t("docs.optional") } }
                        if !row.note.isEmpty { p { marked(row.note) } }
                    }
                }
            }
        }
    }
}

/// The rules that the document names by number, as they stand on `/docs/api/rules`.
package enum RuleWords {
    package static let named = [
        "A2", "A9", "A13", "A14", "A15", "B1", "B7", "B9", "L1", "L2", "L3", "L4", "L5", "L6", "L7", "L10", "L11", "M6", "M13",
    ]

    /// `… is erased (L3).` The number leads to its words.
    static func linked(_ text: Substring) -> [HTML] {
        guard let open = text.firstIndex(where: { "(（".contains($0) }),
            let close = text[open...].firstIndex(where: { ")）".contains($0) })
        else { return [.text(String(text))] }
        let (inside, after) = (text.index(after: open), text.index(after: close))
        let rule = String(text[inside..<close])
        guard named.contains(rule) else { return [.text(String(text[..<after]))] + linked(text[after...]) }
        return [
            .text(String(text[..<inside])),
            a(.href(PageRoute.apiPage.url([APIGuide.rules.slug], fragment: rule))) { rule },
        ] + linked(text[close...])
    }
}

/// Words with `code` between back quotes, and rules by their number in brackets.
func marked(_ text: String) -> HTML {
    var pieces: [HTML] = []
    for (index, part) in text.split(separator: "`", omittingEmptySubsequences: false).enumerated() where !part.isEmpty {
        if index % 2 == 1 { pieces.append(code { String(part) }) } else { pieces += RuleWords.linked(part) }
    }
    return .fragment(pieces)
}

/// What is typed or answered, letter for letter; it scrolls by itself where it is wide.
func listing(_ text: String, name: String) -> HTML {
    pre(.class("listing"), .tabindex(0), .role(.region), .ariaLabel(name)) { code { text } }
}
