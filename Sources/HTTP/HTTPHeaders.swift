/// Header fields in the order they came, names compared without case. One buffer for all, because most requests carry a
/// dozen short fields of which a handler reads two.
package struct HTTPHeaders: Sendable, ExpressibleByDictionaryLiteral {
    struct Field: Sendable {
        var nameStart: Int32
        var nameEnd: Int32
        var valueStart: Int32
        var valueEnd: Int32
    }
    /// Room for the fields of an answer: growing from nothing would allocate for nearly each of them.
    private static let usualFields = 12
    private static let usualBytes = 640
    /// Between a name and its value, and behind the value, in headers made here: they lie as they are sent.
    static let separator = Array(": ".utf8)
    static let lineEnd = Array("\r\n".utf8)
    private(set) var bytes: [UInt8] = []
    private(set) var fields: [Field] = []
    /// Set when somebody has added a name or value that would break the message apart. Such headers are never sent: the
    /// encoder answers 500 instead, which is the last line against response splitting.
    private(set) var isUnsafe = false
    /// Made by `add` throughout: each field lies in `bytes` as the line that is sent.
    private(set) var isSendable = false

    package init() {}

    package init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { add(name, value) }
    }

    package var count: Int { fields.count }
    package var isEmpty: Bool { fields.isEmpty }

    /// The first value under `name`.
    package subscript(name: String) -> String? {
        for field in fields where isName(field, name) { return value(field) }
        return nil
    }

    /// Every value under `name`, in order.
    package func all(_ name: String) -> [String] {
        fields.filter { isName($0, name) }.map(value)
    }

    package func contains(_ name: String) -> Bool {
        fields.contains { isName($0, name) }
    }

    /// Adds a field behind those already there, also when the name is there already.
    package mutating func add(_ name: String, _ value: String) {
        if fields.isEmpty {
            fields.reserveCapacity(Self.usualFields)
            bytes.reserveCapacity(Self.usualBytes)
            isSendable = true
        }
        let start = bytes.count
        bytes.append(contentsOf: name.utf8)
        let nameEnd = bytes.count
        bytes.append(contentsOf: Self.separator)
        let valueStart = bytes.count
        bytes.append(contentsOf: value.utf8)
        let valueEnd = bytes.count
        if !bytes.withUnsafeBufferPointer({ Self.isSafe($0[start..<nameEnd], $0[valueStart..<valueEnd]) }) { isUnsafe = true }
        bytes.append(contentsOf: Self.lineEnd)
        fields.append(
            Field(
                nameStart: Int32(start), nameEnd: Int32(nameEnd), valueStart: Int32(valueStart), valueEnd: Int32(valueEnd)))
    }

    private static func isSafe(_ name: Slice<UnsafeBufferPointer<UInt8>>, _ value: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        guard !name.isEmpty else { return false }
        for byte in name where !isTokenByte(byte) { return false }
        for byte in value where byte < 0x20 && byte != 0x09 || byte == 0x7F { return false }
        return true
    }

    /// Replaces every field under `name` by one.
    package mutating func set(_ name: String, _ value: String) {
        remove(name)
        add(name, value)
    }

    package mutating func remove(_ name: String) {
        guard contains(name) else { return }
        // The bytes stay: nothing refers to them, and answers are short-lived.
        fields = fields.filter { !isName($0, name) }
    }

    /// All fields as text.
    package var list: [(name: String, value: String)] {
        fields.map { (String(decoding: bytes[Int($0.nameStart)..<Int($0.nameEnd)], as: UTF8.self), value($0)) }
    }

    /// How many fields carry `name`.
    func occurrences(of name: String) -> Int {
        var count = 0
        for field in fields where isName(field, name) { count += 1 }
        return count
    }

    /// The bytes of the first value under `name`.
    func valueBytes(_ name: String) -> ArraySlice<UInt8>? {
        for field in fields where isName(field, name) { return bytes[Int(field.valueStart)..<Int(field.valueEnd)] }
        return nil
    }

    /// Whether a value under `name` holds `text`, ASCII letters compared without case. `text` is in lower case.
    func any(_ name: String, holds text: String) -> Bool {
        for field in fields where isName(field, name) {
            let last = Int(field.valueEnd) - text.utf8.count
            var start = Int(field.valueStart)
            while start <= last {
                if holds(text, at: start) { return true }
                start += 1
            }
        }
        return false
    }

    private func holds(_ text: String, at start: Int) -> Bool {
        var position = start
        for byte in text.utf8 {
            if lowercased(bytes[position]) != byte { return false }
            position += 1
        }
        return true
    }

    /// Takes over fields that were checked when they were made, in place of those of the same names.
    package mutating func set(_ others: HTTPHeaders) {
        for field in others.fields {
            let name = others.bytes[Int(field.nameStart)..<Int(field.nameEnd)]
            let isThere = fields.contains {
                $0.nameEnd - $0.nameStart == Int32(name.count)
                    && bytes[Int($0.nameStart)..<Int($0.nameEnd)].elementsEqual(name) { lowercased($0) == lowercased($1) }
            }
            guard isThere else { continue }
            remove(String(decoding: name, as: UTF8.self))
        }
        let base = Int32(bytes.count)
        fields.reserveCapacity(max(fields.count + others.fields.count, Self.usualFields))
        bytes.reserveCapacity(max(bytes.count + others.bytes.count, Self.usualBytes))
        bytes.append(contentsOf: others.bytes)
        for field in others.fields {
            fields.append(
                Field(
                    nameStart: base + field.nameStart, nameEnd: base + field.nameEnd, valueStart: base + field.valueStart,
                    valueEnd: base + field.valueEnd))
        }
        if others.isUnsafe { isUnsafe = true }
        isSendable = others.isSendable && (isSendable || base == 0)
    }

    /// For the request parser, which has checked the bytes: takes over a buffer and the fields in it.
    init(parsed bytes: [UInt8], fields: [Field]) {
        self.bytes = bytes
        self.fields = fields
    }

    private func value(_ field: Field) -> String {
        String(decoding: bytes[Int(field.valueStart)..<Int(field.valueEnd)], as: UTF8.self)
    }

    private func isName(_ field: Field, _ name: String) -> Bool {
        let count = Int(field.nameEnd - field.nameStart)
        var position = Int(field.nameStart)
        guard name.utf8.count == count else { return false }
        for byte in name.utf8 {
            if lowercased(byte) != lowercased(bytes[position]) { return false }
            position += 1
        }
        return true
    }
}

/// ASCII only: header names and tokens know no other letters.
@inline(__always)
func lowercased(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }

/// A byte of an RFC 9110 token.
@inline(__always)
func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E...0x60, 0x7C, 0x7E: true
    default: false
    }
}
