import Values

/// RFC 4180, written: CRLF at every line's end, quotes where they are needed, and no text from outside that a spreadsheet could take for a formula (G6).
enum CSV {
    /// Before the first line, so that Excel in Chinese reads UTF-8.
    static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    static func line(_ cells: [String]) -> [UInt8] {
        var bytes: [UInt8] = []
        append(cells, to: &bytes)
        return bytes
    }

    static func append(_ cells: [String], to bytes: inout [UInt8]) {
        for (index, cell) in cells.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            append(cell, to: &bytes)
        }
        bytes.append(UInt8(ascii: "\r"))
        bytes.append(UInt8(ascii: "\n"))
    }

    /// Text from outside: never a formula. Spreadsheets of East Asia take the wide signs for the narrow ones.
    static func safe(_ text: String) -> String {
        switch text.unicodeScalars.first {
        case "="?, "+"?, "-"?, "@"?, "\t"?, "\r"?, "＝"?, "＋"?, "－"?, "＠"?: "'" + text
        default: text
        }
    }

    private static func append(_ cell: String, to bytes: inout [UInt8]) {
        let needsQuotes = cell.utf8.contains {
            $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r")
        }
        guard needsQuotes else { return bytes.append(contentsOf: cell.utf8) }
        bytes.append(UInt8(ascii: "\""))
        for byte in cell.utf8 {
            if byte == UInt8(ascii: "\"") { bytes.append(byte) }
            bytes.append(byte)
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

/// One header row of a file.
package enum CSVHeader: Sendable, Hashable {
    /// The names that programs know the columns by.
    case machine
    case language(Language)

    /// Header rows as they are asked for: `machine`, `en`, `zh-Hans`, or several with commas, one row each. Nil for any other word.
    static func rows(_ text: String) -> [CSVHeader]? {
        var rows: [CSVHeader] = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            if word == "machine" {
                rows.append(.machine)
            } else if let language = Language(rawValue: String(word)) {
                rows.append(.language(language))
            } else {
                return nil
            }
        }
        return rows
    }
}
