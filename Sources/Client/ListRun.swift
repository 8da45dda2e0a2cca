import App
import HTML
import HTTP

/// A list: one page, or with `--all` every page, each shown as it comes where the format allows it.
struct ListRun {
    let command: CommandRun
    let conversation: Conversation
    let out: Output
    private let rendering: Rendering

    init(_ command: CommandRun, _ conversation: Conversation, _ out: Output) {
        (self.command, self.conversation, self.out) = (command, conversation, out)
        rendering = Rendering(command.format, command.command, command.arguments, command.console)
    }

    func run(_ first: Call) throws {
        var call = first
        var cursors: Set<String> = []
        var kept: [JSON] = []
        var shape: RowShape?
        var count = 0
        while true {
            let page = try conversation.send(call).json()
            guard let rows = page["data"]?.elements else {
                throw ClientFault.failed("broken_answer", "The answer is JSON, but no list: it has no `data`.")
            }
            let next = try next(page, rows)
            guard command.arguments.has("--all") else {
                try rendering.show(page, out)
                if next != nil { command.say("there are more: --all, or --cursor for the next page") }
                return
            }
            switch command.format {
            case .csv: try csv(rows, &shape)
            case .jsonl: for row in rows { try out.write(JSONText.line(row) + "\n") }
            case .json:
                for row in rows {
                    try out.write((count == 0 ? "{\n  \"data\": [\n    " : ",\n    ") + JSONText.line(row))
                    count += 1
                }
            case .table, .xlsx: kept += rows
            }
            guard let next else { break }
            guard cursors.insert(next).inserted else {
                throw ClientFault.failed("broken_answer", "The server gives the same cursor twice; the list would never end.")
            }
            call.target = Self.target(first.target, cursor: next)
        }
        if command.format == .table { try rendering.table(kept, command.command.answerSchema, out) }
        if command.format == .json {
            try out.write((count == 0 ? "{\n  \"data\": [" : "\n  ") + "],\n  \"has_more\": false,\n  \"next_cursor\": null\n}\n")
        }
    }

    private func csv(_ rows: [JSON], _ shape: inout RowShape?) throws {
        let columns = try shape ?? rendering.shape(command.command.answerSchema, rows, isTable: false)
        if shape == nil { try out.write(CSVText.line(columns.columns)) }
        shape = columns
        for row in rows { try out.write(CSVText.line(columns.cells(row))) }
    }

    private func next(_ page: JSON, _ rows: [JSON]) throws -> String? {
        guard page["has_more"]?.isTrue == true else { return nil }
        guard let cursor = page["next_cursor"]?.string, !cursor.isEmpty else {
            throw ClientFault.failed("broken_answer", "The server says that there is more and not where.")
        }
        return cursor
    }

    /// The same question, further on.
    private static func target(_ target: String, cursor: String) -> String {
        let parts = target.split(separator: "?", maxSplits: 1)
        let others = parts.count == 2 ? parts[1].split(separator: "&").filter { !$0.hasPrefix("cursor=") }.map(String.init) : []
        return "\(parts[0])?" + (others + ["cursor=\(URLPath.encode(cursor))"]).joined(separator: "&")
    }
}
