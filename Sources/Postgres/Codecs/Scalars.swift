import FoundationEssentials

extension Bool: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .bool }
    package func encode(into bytes: inout [UInt8]) { bytes.append(self ? 1 : 0) }
    package static func decode(_ bytes: RawSpan, type: PostgresOID) throws -> Bool {
        guard type == .bool else { throw PostgresDecodingProblem.unexpectedType }
        return try bytes.loadWhole(UInt8.self) != 0
    }
}

extension Int16: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .int2 }
    package func encode(into bytes: inout [UInt8]) { bytes.append(bigEndian: self) }
    package static func decode(_ bytes: RawSpan, type: PostgresOID) throws -> Int16 {
        guard type == .int2 else { throw PostgresDecodingProblem.unexpectedType }
        return try bytes.loadWhole(Int16.self)
    }
}

extension Int32: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .int4 }
    package func encode(into bytes: inout [UInt8]) { bytes.append(bigEndian: self) }
    package static func decode(_ bytes: RawSpan, type: PostgresOID) throws -> Int32 {
        switch type {
        case .int4: try bytes.loadWhole(Int32.self)
        case .int2: Int32(try bytes.loadWhole(Int16.self))
        default: throw PostgresDecodingProblem.unexpectedType
        }
    }
}

extension Int64: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .int8 }
    package func encode(into bytes: inout [UInt8]) { bytes.append(bigEndian: self) }
    /// Every narrower integer is read too: none of them loses anything.
    package static func decode(_ bytes: RawSpan, type: PostgresOID) throws -> Int64 {
        switch type {
        case .int8: try bytes.loadWhole(Int64.self)
        case .int4: Int64(try bytes.loadWhole(Int32.self))
        case .int2: Int64(try bytes.loadWhole(Int16.self))
        case .oid: Int64(try bytes.loadWhole(UInt32.self))
        default: throw PostgresDecodingProblem.unexpectedType
        }
    }
}

extension Int: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .int8 }
    package func encode(into bytes: inout [UInt8]) { Int64(self).encode(into: &bytes) }
    package static func decode(_ bytes: RawSpan, type: PostgresOID) throws -> Int {
        Int(try Int64.decode(bytes, type: type))
    }
}

extension String: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .text }
    package func encode(into bytes: inout [UInt8]) { bytes.append(contentsOf: utf8) }
    package static func decode(_ bytes: RawSpan, type: PostgresOID) throws -> String {
        switch type {
        case .text, .varchar, .bpchar, .name, .char, .json, .unknown: return String(copying: bytes)
        default: throw PostgresDecodingProblem.unexpectedType
        }
    }

    /// The server sends UTF-8: the connection asks for it.
    init(copying bytes: RawSpan) {
        self = bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }
}

extension UUID: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .uuid }
    package func encode(into bytes: inout [UInt8]) {
        withUnsafeBytes(of: uuid) { bytes.append(contentsOf: $0) }
    }
    package static func decode(_ bytes: RawSpan, type: PostgresOID) throws -> UUID {
        guard type == .uuid else { throw PostgresDecodingProblem.unexpectedType }
        guard bytes.byteCount == 16 else { throw PostgresDecodingProblem.malformed }
        // In bounds by the line above; a UUID is sixteen bytes of any value.
        return UUID(uuid: bytes.unsafeLoadUnaligned(as: uuid_t.self))
    }
}

/// A JSON document as its text; a `jsonb` column, and a `json` column when read.
package struct PostgresJSON: PostgresEncodable, PostgresDecodable, Hashable {
    package let text: String
    /// `text` must be JSON; the server refuses it otherwise.
    package init(_ text: String) { self.text = text }

    package static var postgresType: PostgresType { .jsonb }

    private static let jsonbVersion: UInt8 = 1

    package func encode(into bytes: inout [UInt8]) {
        bytes.append(Self.jsonbVersion)
        bytes.append(contentsOf: text.utf8)
    }

    package static func decode(_ bytes: RawSpan, type: PostgresOID) throws -> PostgresJSON {
        switch type {
        case .jsonb:
            guard try bytes.load(UInt8.self) == jsonbVersion else { throw PostgresDecodingProblem.malformed }
            return PostgresJSON(String(copying: bytes.extracting(droppingFirst: 1)))
        case .json:
            return PostgresJSON(String(copying: bytes))
        default:
            throw PostgresDecodingProblem.unexpectedType
        }
    }
}
