import App
import HTTP

/// An answer in the format that was asked for.
struct Rendering {
    let format: OutputFormat
    let command: Command?
    let arguments: Arguments
    let console: Console

    init(_ format: OutputFormat, _ command: Command?, _ arguments: Arguments, _ console: Console) {
        (self.format, self.command, self.arguments, self.console) = (format, command, arguments, console)
    }

    /// One object, or what it lists.
    func show(_ json: JSON, _ out: Output) throws {
        switch format {
        case .json, .xlsx: try out.write(JSONText.pretty(json) + "\n")
        case .jsonl:
            for row in Self.rows(of: json) ?? [json] { try out.write(JSONText.line(row) + "\n") }
        case .csv:
            if let rows = Self.rows(of: json) {
                let shape = try shape(rowSchema(in: json), rows, isTable: false)
                try out.write(CSVText.line(shape.columns))
                for row in rows { try out.write(CSVText.line(shape.cells(row))) }
            } else {
                let shape = try shape(command?.answerSchema, [json], isTable: false)
                try out.write(CSVText.line(shape.columns) + CSVText.line(shape.cells(json)))
            }
        case .table:
            if let rows = Self.rows(of: json) {
                try summary(of: json, out)
                try table(rows, rowSchema(in: json), out)
            } else {
                try card(json, out)
            }
        }
    }

    func table(_ rows: [JSON], _ schema: Schema?, _ out: Output) throws {
        guard !rows.isEmpty else { return try out.write("Nothing.\n") }
        let shape = try shape(schema, rows, isTable: true)
        let table = TextTable(header: shape.columns, rows: rows.map(shape.cells))
        // Columns that somebody named are all shown, however wide.
        let width = arguments.has("--columns") || !console.outputIsTerminal ? Int.max : console.width
        try out.write(table.text(width: width, isBold: console.hasColour && !out.isFile))
    }

    func shape(_ schema: Schema?, _ rows: [JSON], isTable: Bool) throws -> RowShape {
        if let word = arguments["--columns"] { return try .chosen(word, schema, rows: rows) }
        return isTable ? .plain(schema, rows: rows) : .all(schema, rows: rows)
    }

    /// A field on each line.
    private func card(_ json: JSON, _ out: Output) throws {
        let found = RowShape.all(nil, rows: [json]).columns.filter { $0 != "object" }
        let columns = try arguments["--columns"].map { try RowShape.chosen($0, nil, rows: [json]).columns } ?? found
        let width = columns.reduce(0) { max($0, DisplayWidth.of($1)) }
        for column in columns {
            let name = Plain.line(column)
            let blanks = String(repeating: " ", count: width - DisplayWidth.of(name) + 2)
            let title = console.hasColour && !out.isFile ? "\u{1B}[1m\(name)\u{1B}[0m" : name
            try out.write(title + blanks + Plain.line(RowShape.cell(json, column)) + "\n")
        }
    }

    /// What stands beside the rows of an answer that lists something: counts, totals.
    private func summary(of json: JSON, _ out: Output) throws {
        guard case .object(let members) = json else { return }
        let plain = members.filter { member in
            if case .array = member.value { return false }
            return !["object", "has_more", "next_cursor"].contains(member.key) && member.value != .null
        }
        guard !plain.isEmpty else { return }
        let text = plain.map { "\($0.key) \(RowShape.cell(json, $0.key))" }.joined(separator: "  ")
        try out.write(Plain.line(text) + "\n\n")
    }

    // MARK: Rows

    private static let names = ["data", "results", "months", "items"]

    /// The rows of an answer that is about rows: `data` of a list, `results` of many actions.
    static func rows(of json: JSON) -> [JSON]? {
        if let elements = json.elements { return elements }
        return names.lazy.compactMap { json[$0]?.elements }.first
    }

    private func rowSchema(in json: JSON) -> Schema? {
        if command?.isList == true { return command?.answerSchema }
        guard let name = Self.names.first(where: { json[$0]?.elements != nil }),
            case .object(let fields)? = command?.answerSchema?.resolved,
            case .list(let element, _)? = fields.first(where: { $0.name == name })?.schema.resolved
        else { return nil }
        return element
    }
}
