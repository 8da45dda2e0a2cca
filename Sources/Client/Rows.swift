import App
import HTTP

/// Objects as rows of plain cells: `credit.remaining.amount` is a column.
struct RowShape: Sendable {
    let columns: [String]

    /// Every leaf that the schema names, so that a header does not depend on what happens to be there; without one, what the first rows have.
    static func all(_ schema: Schema?, rows: [JSON]) -> RowShape {
        if let schema, case .object = schema.resolved { return RowShape(columns: leaves(schema, "", deep: true)) }
        return RowShape(columns: found(rows))
    }

    /// What a table begins with: the object's own plain fields.
    static func plain(_ schema: Schema?, rows: [JSON]) -> RowShape {
        guard let schema, case .object = schema.resolved else {
            return RowShape(columns: found(rows).filter { !$0.contains(".") })
        }
        // What tells rows apart comes first; the IDs of what they belong to come last, where a narrow terminal leaves them out.
        let all = leaves(schema, "", deep: false)
        return RowShape(columns: all.filter { !$0.hasSuffix("_id") } + all.filter { $0.hasSuffix("_id") })
    }

    /// Those that were asked for.
    static func chosen(_ word: String, _ schema: Schema?, rows: [JSON]) throws -> RowShape {
        let all = all(schema, rows: rows)
        if word == "all" { return all }
        let wanted = word.split(separator: ",").map(String.init)
        // A whole part is a column too: `credit.remaining` is an amount with its currency.
        let parts = all.columns.flatMap { column in
            let names = column.split(separator: ".")
            return (1...max(names.count, 1)).map { names.prefix($0).joined(separator: ".") }
        }
        let known = Set(parts)
        for column in wanted where !known.contains(column) {
            throw ClientFault.usage(
                "There is no column \(Plain.line(column)). Did you mean \(Configuration.nearest(column, known.sorted()))?")
        }
        return RowShape(columns: wanted)
    }

    private static func leaves(_ schema: Schema, _ path: String, deep: Bool) -> [String] {
        switch schema.resolved {
        case .object(let fields):
            guard deep || path.isEmpty else { return [] }
            return fields.filter { $0.name != "object" && $0.name != "dry_run" }
                .flatMap { leaves($0.schema, path.isEmpty ? $0.name : "\(path).\($0.name)", deep: deep) }
        case .money: return deep ? ["\(path).amount", "\(path).currency"] : [path]
        case .list(let element, _):
            if case .object = element.resolved { return deep ? [path] : [] }
            return [path]
        case .anything: return deep ? [path] : []
        default: return [path]
        }
    }

    private static func found(_ rows: [JSON]) -> [String] {
        var columns: [String] = []
        var seen: Set<String> = []
        func walk(_ json: JSON, _ path: String) {
            if case .object(let members) = json, !members.isEmpty {
                for member in members { walk(member.value, path.isEmpty ? member.key : "\(path).\(member.key)") }
            } else if !path.isEmpty, seen.insert(path).inserted {
                columns.append(path)
            }
        }
        for row in rows { walk(row, "") }
        return columns
    }

    func cells(_ row: JSON) -> [String] { columns.map { Self.cell(row, $0) } }

    static func cell(_ row: JSON, _ path: String) -> String {
        var json: JSON? = row
        for name in path.split(separator: ".") { json = json?[String(name)] }
        return json.map(text) ?? ""
    }

    private static func text(_ json: JSON) -> String {
        switch json {
        case .null: return ""
        case .bool(let flag): return flag ? "true" : "false"
        case .number(let text), .string(let text): return text
        case .array(let elements):
            let isPlain = elements.allSatisfy { if case .string = $0 { true } else { false } }
            return isPlain ? elements.map(text).joined(separator: " ") : JSONText.line(json)
        case .object:
            for name in ["amount", "cost"] {
                if let amount = json[name]?.string, let currency = json["currency"]?.string { return "\(amount) \(currency)" }
            }
            return JSONText.line(json)
        }
    }
}

/// RFC 4180, and no cell that a spreadsheet takes for a formula.
enum CSVText {
    static func line(_ cells: [String]) -> String { cells.map { quoted(safe($0)) }.joined(separator: ",") + "\r\n" }

    private static func safe(_ text: String) -> String {
        guard let first = text.first, "=+-@\t\r".contains(first) else { return text }
        let isNumber =
            first == "-" && text.count > 1 && text.dropFirst().utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 || $0 == 0x2E }
        return isNumber ? text : "'" + text
    }

    private static func quoted(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == 0x2C || $0 == 0x22 || $0 == 0x0A || $0 == 0x0D }) else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}

/// Columns under their headings, aligned as a terminal draws them.
struct TextTable {
    let header: [String]
    let rows: [[String]]

    /// As many columns from the left as `width` holds, at least two.
    func text(width: Int, isBold: Bool) -> String {
        let clean = rows.map { $0.map(Plain.line) }
        let titles = header.map { $0.uppercased() }
        let widths = titles.indices.map { column in
            clean.reduce(DisplayWidth.of(titles[column])) { max($0, DisplayWidth.of($1[column])) }
        }
        var shown = 0
        var used = 0
        while shown < widths.count, shown < 2 || used + widths[shown] <= width {
            used += widths[shown] + 2
            shown += 1
        }
        let head = line(titles, widths, shown)
        return (isBold ? "\u{1B}[1m\(head)\u{1B}[0m" : head) + "\n" + clean.map { line($0, widths, shown) + "\n" }.joined()
    }

    private func line(_ cells: [String], _ widths: [Int], _ shown: Int) -> String {
        var text = ""
        var blanks = 0
        for column in 0..<shown {
            // Blanks wait for what follows them: a line ends with its last word.
            if !cells[column].isEmpty {
                text += String(repeating: " ", count: blanks) + cells[column]
                blanks = 0
            }
            blanks += widths[column] - DisplayWidth.of(cells[column]) + 2
        }
        return text
    }
}

/// How many cells of a terminal a text takes: two for what is wide in East Asia, none for what sits on its neighbour.
enum DisplayWidth {
    static func of(_ text: String) -> Int {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
        return text.reduce(0) { $0 + of($1) }
    }

    private static func of(_ character: Character) -> Int {
        character.unicodeScalars.reduce(0) { max($0, of($1)) }
    }

    private static func of(_ scalar: Unicode.Scalar) -> Int {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: break
        }
        return wide.contains { $0.contains(scalar.value) } ? 2 : 1
    }

    /// East Asian Wide and Fullwidth (UAX 11), with the emoji that are drawn wide.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x231A...0x231B, 0x2329...0x232A, 0x23E9...0x23EC, 0x25FD...0x25FE, 0x2614...0x2615, 0x2648...0x2653,
        0x26AA...0x26AB, 0x26BD...0x26BE, 0x2705...0x2705, 0x270A...0x270B, 0x274C...0x274C, 0x2753...0x2755, 0x2795...0x2797,
        0x2B1B...0x2B1C, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3,
        0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18DFF,
        0x1AFF0...0x1B2FF, 0x1F004...0x1F004, 0x1F0CF...0x1F0CF, 0x1F18E...0x1F18E, 0x1F191...0x1F19A, 0x1F200...0x1F320,
        0x1F32D...0x1F64F, 0x1F680...0x1F6FF, 0x1F7E0...0x1F7EB, 0x1F900...0x1F9FF, 0x1FA70...0x1FAFF, 0x20000...0x3FFFD,
    ]
}
