import HTTP
import Values

/// How facts lie in the database: `{"money": "10.00 CNY"}`, `{"at": "…Z"}`, `{"on": "2026-11-20"}`, `{"number": 7}`, `{"words": ["reason.cancelled"]}`.
extension LetterFact {
    static func text(of facts: [String: LetterFact]) -> String {
        jsonText { json in
            for (name, fact) in facts.sorted(by: { $0.key < $1.key }) { json.field(name, object: { fact.write(to: &$0) }) }
        }
    }

    private func write(to json: inout JSONWriter) {
        switch self {
        case .text(let text): json.field("text", text)
        case .money(let money): json.field("money", "\(money.decimalString) \(money.currency.code)")
        case .instant(let instant): json.field("at", instant.rfc3339)
        case .date(let date): json.field("on", date.iso)
        case .number(let number): json.field("number", number)
        case .words(let keys): json.field("words", words: keys)
        case .table(let columns, let rows):
            json.field("columns", words: columns)
            json.field(
                "rows",
                array: { json in
                    for row in rows {
                        json.beginArray()
                        for fact in row { json.object { fact.write(to: &$0) } }
                        json.endArray()
                    }
                })
        }
    }

    static func read(_ text: String) -> [String: LetterFact] {
        guard let json = try? JSON(parsing: Array(text.utf8)), let members = json.members else { return [:] }
        return Dictionary(
            members.fields.compactMap { field in LetterFact(field.value).map { (field.key, $0) } },
            uniquingKeysWith: { first, _ in first })
    }

    private init?(_ json: JSON) {
        guard let members = json.members else { return nil }
        if let columns = members["columns"]?.items, let rows = members["rows"]?.items {
            self = .table(columns.compactMap(\.text), rows.map { ($0.items ?? []).compactMap(LetterFact.init) })
        } else if let text = members["text"]?.text {
            self = .text(text)
        } else if let keys = members["words"]?.items {
            self = .words(keys.compactMap(\.text))
        } else if let at = members["at"]?.text.flatMap({ Instant(rfc3339: $0) }) {
            self = .instant(at)
        } else if let on = members["on"]?.text.flatMap({ CivilDate(iso: $0) }) {
            self = .date(on)
        } else if case .number(let digits)? = members["number"], let number = Int(digits) {
            self = .number(number)
        } else if let parts = members["money"]?.text?.split(separator: " "), parts.count == 2,
            let currency = Currency(String(parts[1])),
            let money = try? Money(String(parts[0]), currency: currency)
        {
            self = .money(money)
        } else {
            return nil
        }
    }
}
