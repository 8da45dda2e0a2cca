import CSimdjson

/// Why bytes are no JSON text.
package struct JSONParseError: Error, Sendable {
    /// The byte at which reading stopped.
    package let offset: Int
    /// In words, for a programmer.
    package let reason: String
}

/// A JSON value. Numbers keep the text they were written in, so that nothing is ever a double on its way.
///
/// Strict: UTF-8 is validated, lone surrogates, unescaped control characters, duplicate keys, anything after the value and nesting deeper than
/// `depthMaximum` are refused. The parser is simdjson.
package indirect enum JSON: Sendable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSON])
    case object([(key: String, value: JSON)])

    package static let depthMaximum = 64

    /// - Throws: `JSONParseError`
    package init(parsing bytes: [UInt8]) throws(JSONParseError) {
        var offset = 0
        var reason: UnsafePointer<CChar>?
        let document = bytes.withUnsafeBytes { buffer in
            csimdjson_parse(buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count, UInt32(Self.depthMaximum), &offset, &reason)
        }
        guard let document else { throw JSONParseError(offset: offset, reason: reason.map { String(cString: $0) } ?? "unknown") }
        defer { csimdjson_free(document) }
        var count = 0
        var reader = NodeReader(nodes: UnsafeBufferPointer(start: csimdjson_nodes(document, &count), count: count))
        self = try reader.next()
    }
}

/// Walks the parser's nodes in document order.
private struct NodeReader {
    let nodes: UnsafeBufferPointer<csimdjson_node>
    private var index = 0
    /// From so many members on, duplicates are looked for by hash instead of one by one.
    private static let membersComparedMaximum = 12

    init(nodes: UnsafeBufferPointer<csimdjson_node>) { self.nodes = nodes }

    mutating func next() throws(JSONParseError) -> JSON {
        let node = nodes[index]
        index += 1
        switch UInt32(node.kind) {
        case csimdjson_null.rawValue: return .null
        case csimdjson_false.rawValue: return .bool(false)
        case csimdjson_true.rawValue: return .bool(true)
        case csimdjson_number.rawValue: return .number(text(of: node))
        case csimdjson_array.rawValue:
            var items: [JSON] = []
            items.reserveCapacity(Int(node.count))
            for _ in 0..<node.count { items.append(try next()) }
            return .array(items)
        case csimdjson_object.rawValue: return .object(try members(Int(node.count)))
        default: return .string(text(of: node))
        }
    }

    private mutating func members(_ count: Int) throws(JSONParseError) -> [(key: String, value: JSON)] {
        var members: [(key: String, value: JSON)] = []
        members.reserveCapacity(count)
        var seen: Set<String> = []
        for _ in 0..<count {
            let name = text(of: nodes[index])
            index += 1
            let isKnown =
                count <= Self.membersComparedMaximum ? members.contains { $0.key == name } : !seen.insert(name).inserted
            if isKnown { throw JSONParseError(offset: 0, reason: "a key stands twice in one object") }
            members.append((name, try next()))
        }
        return members
    }

    private func text(of node: csimdjson_node) -> String {
        guard node.length > 0, let start = node.text else { return "" }
        return start.withMemoryRebound(to: UInt8.self, capacity: Int(node.length)) {
            String(decoding: UnsafeBufferPointer(start: $0, count: Int(node.length)), as: UTF8.self)
        }
    }
}
