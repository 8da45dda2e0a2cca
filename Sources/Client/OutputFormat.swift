import App

/// How an answer is shown.
enum OutputFormat: String, CaseIterable, Sendable {
    case table, json, jsonl, csv
    /// The server's own workbook, for lists that have one.
    case xlsx

    /// A table for a person at a terminal, JSON for a program, unless said.
    init(_ arguments: Arguments, _ command: Command?, _ console: Console) throws {
        guard let word = arguments["--format"] else {
            self = console.outputIsTerminal && arguments["--output"] == nil ? .table : .json
            return
        }
        guard let format = OutputFormat(rawValue: word) else {
            let known = Self.allCases.map(\.rawValue)
            throw ClientFault.usage("There is no format \(Plain.line(word)). Did you mean \(Configuration.nearest(word, known))?")
        }
        if format == .xlsx {
            guard let command, command.documentation.fileFormats.contains(.xlsx) else {
                throw ClientFault.usage("There is no workbook of this; -o csv opens in one.")
            }
            guard !console.outputIsTerminal || arguments["--output"] != nil else {
                throw ClientFault.usage("A workbook is no text: say --output FILE.xlsx.")
            }
        }
        if let command, command.isDownload {
            throw ClientFault.usage("`\(command.words)` is a file already and is passed on as it is.")
        }
        self = format
    }
}
