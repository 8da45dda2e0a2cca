import Crypto

/// What makes a row the same row when its file is imported again: the SHA-256 of its content, and how many rows of the same content came before it in the
/// file. So a row that is there twice counts twice, and a file imported again stores nothing twice.
///
/// The content is every field that is not empty under its column's name, in the order of the names: a byte-order mark, line ends, quotation marks, the
/// order of the columns and a new empty column change nothing.
struct RowIdentity {
    /// The columns in the order of their names, each name followed by a byte that no file holds.
    private let columns: [(name: [UInt8], index: Int)]

    init(headers: [String], format: ImportFormat) {
        columns = headers.enumerated().sorted { ($0.element, $0.offset) < ($1.element, $1.offset) }.map {
            (Array($0.element.utf8) + [0], $0.offset)
        }
    }

    func content(of record: CSVRecord, buffer: inout [UInt8]) -> [UInt8] {
        buffer.removeAll(keepingCapacity: true)
        for column in columns {
            let field = record[column.index]
            if field.isEmpty { continue }
            buffer.append(contentsOf: column.name)
            buffer.append(contentsOf: field)
            buffer.append(0)
        }
        return SHA256.hash(buffer)
    }

    static func digest(of text: String) -> String { SHA256.hex(text) }
}

/// Counts how often a content has come. It keeps half of each hash: 128 bits tell a billion rows apart, and a million rows take some 50 MB.
struct Occurrences {
    private struct Key: Hashable {
        let high: UInt64
        let low: UInt64
    }
    private var counts: [Key: UInt32] = [:]

    /// 1 for the first row of this content.
    mutating func number(of hash: [UInt8]) -> UInt32 {
        func word(_ range: Range<Int>) -> UInt64 { hash[range].reduce(0) { $0 << 8 | UInt64($1) } }
        let key = Key(high: word(0..<8), low: word(8..<16))
        let count = (counts[key] ?? 0) + 1
        counts[key] = count
        return count
    }
}
