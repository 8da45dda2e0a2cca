/// Writes JSON text straight into UTF-8 bytes, with commas and escapes in their places. The caller keeps the order sensible:
/// inside an object fields, inside an array values.
package struct JSONWriter: Sendable {
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    package init(capacity: Int = 512) { bytes.reserveCapacity(capacity) }

    // MARK: Containers

    package mutating func object(_ body: (inout JSONWriter) throws -> Void) rethrows {
        beginObject()
        try body(&self)
        endObject()
    }

    package mutating func array(_ body: (inout JSONWriter) throws -> Void) rethrows {
        beginArray()
        try body(&self)
        endArray()
    }

    package mutating func beginObject() { open(UInt8(ascii: "{")) }
    package mutating func endObject() { close(UInt8(ascii: "}")) }
    package mutating func beginArray() { open(UInt8(ascii: "[")) }
    package mutating func endArray() { close(UInt8(ascii: "]")) }

    // MARK: Fields of an object

    package mutating func field(_ name: String, _ text: String?) {
        guard let text else { return nullField(name) }
        Self.withBytes(of: name) { name in Self.withBytes(of: text) { appendField(name, $0) } }
        needsComma = true
    }

    /// A field whose text is plain ASCII without anything to escape: `write` puts it where it belongs and answers how many bytes it took, at most `capacity`.
    package mutating func field(_ name: String, plain capacity: Int, _ write: (UnsafeMutableBufferPointer<UInt8>) -> Int) {
        key(name)
        append(upTo: capacity + 2) { piece in
            piece[0] = UInt8(ascii: "\"")
            let count = write(UnsafeMutableBufferPointer(start: piece + 1, count: capacity))
            piece[count + 1] = UInt8(ascii: "\"")
            return count + 2
        }
        needsComma = true
    }

    package mutating func field(_ name: String, _ number: Int?) {
        key(name)
        if let number { value(number) } else { null() }
    }

    package mutating func field(_ name: String, _ number: Int64?) {
        field(name, number.map { Int($0) })
    }

    package mutating func field(_ name: String, _ flag: Bool?) {
        key(name)
        if let flag { value(flag) } else { null() }
    }

    package mutating func field(_ name: String, object body: (inout JSONWriter) throws -> Void) rethrows {
        key(name)
        try object(body)
    }

    package mutating func field(_ name: String, array body: (inout JSONWriter) throws -> Void) rethrows {
        key(name)
        try array(body)
    }

    /// A field whose value is JSON text already; trusted to be one value.
    package mutating func field(_ name: String, json: [UInt8]) {
        key(name)
        value(json: json)
    }

    package mutating func nullField(_ name: String) {
        key(name)
        null()
    }

    /// The name of a field; exactly one value must follow.
    package mutating func key(_ name: String) {
        quote(name, isKey: true)
        needsComma = false
    }

    // MARK: Values

    package mutating func value(_ text: String) {
        quote(text, isKey: false)
        needsComma = true
    }

    package mutating func value(_ number: Int) {
        separate()
        appendDecimal(number)
        needsComma = true
    }

    package mutating func value(_ flag: Bool) {
        separate()
        bytes.append(contentsOf: flag ? "true".utf8 : "false".utf8)
        needsComma = true
    }

    package mutating func null() {
        separate()
        bytes.append(contentsOf: "null".utf8)
        needsComma = true
    }

    /// JSON text as it is; trusted to be one value.
    package mutating func value(json: [UInt8]) {
        separate()
        bytes.append(contentsOf: json)
        needsComma = true
    }

    // MARK: Bytes

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func appendDecimal(_ number: Int) {
        // An Int64 has at most nineteen digits and a sign.
        append(upTo: 20) { piece in
            var (rest, count) = (number.magnitude, number < 0 ? 1 : 0)
            piece[0] = UInt8(ascii: "-")
            var digits = 1
            var bound: UInt = 10
            while digits < 19, rest >= bound { (digits, bound) = (digits + 1, bound * 10) }
            for place in stride(from: count + digits - 1, through: count, by: -1) {
                piece[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
            count += digits
            return count
        }
    }

    /// One piece: every append to an array has its price, and there are hundreds in an answer.
    private mutating func append(upTo capacity: Int, _ fill: (UnsafeMutablePointer<UInt8>) -> Int) {
        bytes.append(addingCapacity: capacity) { (span: inout OutputSpan<UInt8>) in
            span.withUnsafeMutableBufferPointer { buffer, count in
                guard let start = buffer.baseAddress else { return }
                count = fill(start)
            }
        }
    }

    /// Not a method of the writer: one that is borrowed for it would be copied before it is written to.
    private static func withBytes(of text: String, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        let isDone: Void? = text.utf8.withContiguousStorageIfAvailable(body)
        if isDone == nil { Array(text.utf8).withUnsafeBufferPointer(body) }
    }

    /// The text in quotes, behind its comma, and with a colon behind a key.
    private mutating func quote(_ text: String, isKey: Bool) {
        Self.withBytes(of: text) { appendQuoted($0, isKey: isKey) }
    }

    private mutating func appendField(_ name: UnsafeBufferPointer<UInt8>, _ text: UnsafeBufferPointer<UInt8>) {
        guard Self.isPlain(name), Self.isPlain(text) else {
            appendQuoted(name, isKey: true)
            needsComma = false
            return appendQuoted(text, isKey: false)
        }
        let needsComma = needsComma
        append(upTo: name.count + text.count + 6) { piece in
            let first = Self.put(name, isKey: true, needsComma: needsComma, in: piece)
            return first + Self.put(text, isKey: false, needsComma: false, in: piece + first)
        }
    }

    /// Plain text in quotes; how many bytes that is.
    private static func put(
        _ text: UnsafeBufferPointer<UInt8>, isKey: Bool, needsComma: Bool, in piece: UnsafeMutablePointer<UInt8>
    ) -> Int {
        var count = 0
        func put(_ byte: UInt8) {
            piece[count] = byte
            count += 1
        }
        if needsComma { put(UInt8(ascii: ",")) }
        put(UInt8(ascii: "\""))
        if let start = text.baseAddress { (piece + count).initialize(from: start, count: text.count) }
        count += text.count
        put(UInt8(ascii: "\""))
        if isKey { put(UInt8(ascii: ":")) }
        return count
    }

    private mutating func appendQuoted(_ text: UnsafeBufferPointer<UInt8>, isKey: Bool) {
        guard Self.isPlain(text) else {
            separate()
            bytes.append(UInt8(ascii: "\""))
            appendEscaped(text)
            bytes.append(UInt8(ascii: "\""))
            if isKey { bytes.append(UInt8(ascii: ":")) }
            return
        }
        let needsComma = needsComma
        append(upTo: text.count + 4) { Self.put(text, isKey: isKey, needsComma: needsComma, in: $0) }
    }

    /// Whether nothing in it needs an escape: eight bytes at a time.
    private static func isPlain(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        let raw = UnsafeRawBufferPointer(text)
        var (marks, position): (UInt64, Int) = (0, 0)
        while position + 8 <= raw.count {
            marks |= escapeMarks(raw.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            position += 8
        }
        var rest: UInt64 = 0x2020_2020_2020_2020
        while position < raw.count {
            rest = rest << 8 | UInt64(raw[position])
            position += 1
        }
        return marks | escapeMarks(rest) == 0
    }

    /// Not zero when one of the eight bytes is a control character, a quote or a backslash.
    private static func escapeMarks(_ word: UInt64) -> UInt64 {
        let (ones, tops): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x8080_8080_8080_8080)
        let quotes = word ^ ones &* UInt64(UInt8(ascii: "\""))
        let backslashes = word ^ ones &* UInt64(UInt8(ascii: "\\"))
        let found = (word &- ones &* 0x20) & ~word | (quotes &- ones) & ~quotes | (backslashes &- ones) & ~backslashes
        return found & tops
    }

    private mutating func appendEscaped(_ text: UnsafeBufferPointer<UInt8>) {
        var clean = 0
        for position in text.indices {
            let byte = text[position]
            if byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { continue }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[clean..<position]))
            appendEscape(of: byte)
            clean = position + 1
        }
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[clean...]))
    }

    private mutating func appendEscape(of byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        default:
            bytes.append(contentsOf: "u00".utf8)
            bytes.append(hexDigit(byte >> 4))
            bytes.append(hexDigit(byte & 0x0F))
        }
    }
}

/// The lower-case hexadecimal digit of a number below 16.
@inline(__always)
func hexDigit(_ number: UInt8) -> UInt8 {
    number < 10 ? UInt8(ascii: "0") + number : UInt8(ascii: "a") + number - 10
}
