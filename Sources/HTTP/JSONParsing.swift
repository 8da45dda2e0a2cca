import CSimdjson

/// Why some bytes are no JSON text that is accepted here. Always the client's fault: 400.
package struct JSONParseError: Error, Equatable, Sendable {
    /// For programs: `json_syntax`, `json_encoding`, `json_string`, `json_number`, `json_depth`, `json_duplicate_key`,
    /// `json_trailing_content`, `json_empty`, `json_too_large`.
    package let code: String
    /// Bytes from the beginning of the text to where the error was noticed.
    package let offset: Int
    /// For people, one sentence.
    package let reason: String
}

extension JSON {
    package static let depthMaximum = 64

    /// Parses one JSON text strictly (RFC 8259, UTF-8 only): no comments, no lone surrogates, no duplicate keys, no nesting
    /// beyond `depthMaximum`, nothing behind the value. Negative zero and numbers beyond the range of a 64-bit float are
    /// refused too unless `allowsOddNumbers`: other programs would read them as something else.
    package init(
        parsing bytes: [UInt8], depthMaximum: Int = JSON.depthMaximum, allowsOddNumbers: Bool = false
    ) throws(JSONParseError) {
        let outcome: Result<JSON, JSONParseError> = bytes.withUnsafeBytes { memory in
            var result = csimdjson_result()
            let start = memory.baseAddress?.assumingMemoryBound(to: CChar.self)
            csimdjson_parse(start, memory.count, UInt32(depthMaximum), &result)
            guard result.error == CSIMDJSON_OK.rawValue else {
                return .failure(Self.describe(Int(result.error), offset: result.error_offset, in: memory))
            }
            var walk = NodeWalk(nodes: UnsafeBufferPointer(start: result.nodes, count: result.count))
            let json = walk.nextValue()
            if !allowsOddNumbers, let position = walk.oddNumber {
                let reason = "A number is negative zero or out of range."
                return .failure(JSONParseError(code: "json_number", offset: position - result.text, reason: reason))
            }
            return .success(json)
        }
        self = try outcome.get()
    }

    private static func describe(_ error: Int, offset: Int, in bytes: UnsafeRawBufferPointer) -> JSONParseError {
        switch UInt32(error) {
        case CSIMDJSON_ENCODING.rawValue:
            JSONParseError(code: "json_encoding", offset: validUTF8Prefix(bytes), reason: "The text is not valid UTF-8.")
        case CSIMDJSON_BAD_STRING.rawValue:
            JSONParseError(
                code: "json_string", offset: offset, reason: "A string has no end, a bad escape or half a surrogate pair.")
        case CSIMDJSON_CONTROL_CHARACTER.rawValue:
            JSONParseError(code: "json_string", offset: offset, reason: "A string contains an unescaped control character.")
        case CSIMDJSON_BAD_NUMBER.rawValue: JSONParseError(code: "json_number", offset: offset, reason: "A number is malformed.")
        case CSIMDJSON_TOO_DEEP.rawValue:
            JSONParseError(code: "json_depth", offset: offset, reason: "The value is nested too deeply.")
        case CSIMDJSON_DUPLICATE_KEY.rawValue:
            JSONParseError(code: "json_duplicate_key", offset: offset, reason: "An object has the same key twice.")
        case CSIMDJSON_TRAILING_CONTENT.rawValue:
            JSONParseError(code: "json_trailing_content", offset: offset, reason: "Something stands behind the value.")
        case CSIMDJSON_EMPTY.rawValue: JSONParseError(code: "json_empty", offset: offset, reason: "There is no JSON value.")
        case CSIMDJSON_TOO_LARGE.rawValue:
            JSONParseError(code: "json_too_large", offset: offset, reason: "The text is too large.")
        default: JSONParseError(code: "json_syntax", offset: offset, reason: "The text is not JSON.")
        }
    }

    /// Where the first byte stands that cannot be UTF-8.
    private static func validUTF8Prefix(_ bytes: UnsafeRawBufferPointer) -> Int {
        var parser = Unicode.UTF8.ForwardParser()
        var iterator = bytes.makeIterator()
        var offset = 0
        while case .valid(let scalar) = parser.parseScalar(from: &iterator) { offset += scalar.count }
        return offset
    }
}

/// Builds values from the flat list of nodes: containers stand before what they contain.
private struct NodeWalk {
    let nodes: UnsafeBufferPointer<csimdjson_node>
    var position = 0
    /// Where the first number stands that other programs would read as something else.
    private(set) var oddNumber: UnsafePointer<CChar>?

    init(nodes: UnsafeBufferPointer<csimdjson_node>) { self.nodes = nodes }

    /// Recursion is bounded: the parser has refused what is nested too deeply.
    mutating func nextValue() -> JSON {
        let node = nodes[position]
        position += 1
        switch UInt32(node.kind) {
        case CSIMDJSON_TRUE.rawValue: return .bool(true)
        case CSIMDJSON_FALSE.rawValue: return .bool(false)
        case CSIMDJSON_NUMBER.rawValue:
            let number = text(node)
            if oddNumber == nil && isOdd(number) { oddNumber = node.start }
            return .number(number)
        case CSIMDJSON_STRING.rawValue: return .string(text(node))
        case CSIMDJSON_ARRAY.rawValue:
            var elements: [JSON] = []
            elements.reserveCapacity(Int(node.length))
            for _ in 0..<node.length { elements.append(nextValue()) }
            return .array(elements)
        case CSIMDJSON_OBJECT.rawValue:
            var members: [(key: String, value: JSON)] = []
            members.reserveCapacity(Int(node.length))
            for _ in 0..<node.length {
                let key = text(nodes[position])
                position += 1
                members.append((key, nextValue()))
            }
            return .object(members)
        default: return .null
        }
    }

    private func text(_ node: csimdjson_node) -> String {
        String(decoding: UnsafeRawBufferPointer(start: node.start, count: Int(node.length)), as: UTF8.self)
    }

    /// Negative zero in any spelling, or more than a 64-bit float can hold. Only looked at, never kept as a float.
    private func isOdd(_ number: String) -> Bool {
        let isShortInteger = number.utf8.count < 300 && number.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
        if isShortInteger { return false }
        guard let value = Double(number) else { return true }
        return value.isInfinite || value == 0 && value.sign == .minus
    }
}
