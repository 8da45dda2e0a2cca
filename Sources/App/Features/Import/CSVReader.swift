/// One record: its fields, unescaped, one behind the other.
struct CSVRecord {
    /// The line on which the record begins; fields may hold line ends.
    private(set) var line = 0
    private var bytes: [UInt8] = []
    private var ends: [Int] = []
    /// The file ended here, without a line end.
    fileprivate(set) var endsFile = false

    var count: Int { ends.count }
    /// A line with nothing on it.
    var isBlank: Bool { ends.count == 1 && bytes.isEmpty }

    subscript(index: Int) -> ArraySlice<UInt8> { bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]] }

    fileprivate mutating func start(line: Int) {
        self.line = line
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        endsFile = false
    }
    fileprivate mutating func append(_ byte: UInt8) { bytes.append(byte) }
    fileprivate mutating func endField() { ends.append(bytes.count) }
    fileprivate var size: Int { bytes.count }
}

/// Reads comma-separated values strictly as RFC 4180 says, with LF or CRLF at the line ends, UTF-8 with or without a byte-order mark.
///
/// Nothing is repaired: a quotation mark in the wrong place, a lone carriage return or a NUL byte means that the file is not what it says, and a guess
/// would move money to the wrong field.
struct CSVReader {
    /// A longer record is a missing quotation mark, not a row.
    static let recordBytesAtMost = 4 << 20

    private let file: FileBytes
    private var piece: [UInt8] = []
    private var position = 0
    private var line = 1
    private var isAtStart = true

    init(_ file: FileBytes) { self.file = file }

    private static let quote = UInt8(ascii: "\"")
    private static let comma = UInt8(ascii: ",")
    private static let carriageReturn = UInt8(ascii: "\r")
    private static let lineFeed = UInt8(ascii: "\n")

    private mutating func pull() throws(LineFault) -> UInt8? {
        if position == piece.count {
            piece = try file.next()
            position = 0
            if piece.isEmpty { return nil }
        }
        let byte = piece[position]
        position += 1
        if byte == 0 { throw LineFault(line, "there is a NUL byte; the file is no text") }
        return byte
    }

    /// Takes the next record; false at the end of the file.
    mutating func next(into record: inout CSVRecord) throws(LineFault) -> Bool {
        if isAtStart { try skipByteOrderMark() }
        record.start(line: line)
        guard var byte = try pull() else { return false }
        while true {
            // `end` is the byte behind the field; nil at the end of the file.
            let end = byte == Self.quote ? try takeQuoted(into: &record) : try takePlain(from: byte, into: &record)
            record.endField()
            switch end {
            case Self.comma:
                guard let next = try pull() else { return endOfFile(&record, hasOpenField: true) }
                byte = next
            case Self.carriageReturn:
                guard try pull() == Self.lineFeed else {
                    throw LineFault(line, "a carriage return stands alone; lines end with LF or CR LF")
                }
                line += 1
                return true
            case Self.lineFeed:
                line += 1
                return true
            default: return endOfFile(&record, hasOpenField: false)
            }
        }
    }

    private func endOfFile(_ record: inout CSVRecord, hasOpenField: Bool) -> Bool {
        if hasOpenField { record.endField() }
        record.endsFile = true
        return true
    }

    /// The opening mark is behind us.
    private mutating func takeQuoted(into record: inout CSVRecord) throws(LineFault) -> UInt8? {
        let opened = line
        while true {
            guard let byte = try pull() else {
                throw LineFault(opened, "the quotation mark that opens here is never closed: the file is cut off")
            }
            if byte == Self.quote {
                guard let next = try pull() else { return nil }
                if next == Self.quote {
                    record.append(byte)
                    continue
                }
                guard next == Self.comma || next == Self.carriageReturn || next == Self.lineFeed else {
                    throw LineFault(line, "text stands behind a closing quotation mark")
                }
                return next
            }
            if byte == Self.lineFeed { line += 1 }
            record.append(byte)
            if record.size > Self.recordBytesAtMost {
                throw LineFault(opened, "the quotation mark that opens here has no end within \(Self.recordBytesAtMost >> 20) MB")
            }
        }
    }

    private mutating func takePlain(from first: UInt8, into record: inout CSVRecord) throws(LineFault) -> UInt8? {
        var byte = first
        while byte != Self.comma && byte != Self.carriageReturn && byte != Self.lineFeed {
            if byte == Self.quote { throw LineFault(line, "a quotation mark stands inside a field that does not begin with one") }
            record.append(byte)
            if record.size > Self.recordBytesAtMost {
                throw LineFault(line, "the row is longer than \(Self.recordBytesAtMost >> 20) MB")
            }
            guard let next = try pull() else { return nil }
            byte = next
        }
        return byte
    }

    private mutating func skipByteOrderMark() throws(LineFault) {
        isAtStart = false
        piece = try file.next()
        if piece.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        if piece.starts(with: [0xFF, 0xFE]) || piece.starts(with: [0xFE, 0xFF]) {
            throw LineFault(1, "the file is UTF-16; save it as UTF-8")
        }
    }
}
