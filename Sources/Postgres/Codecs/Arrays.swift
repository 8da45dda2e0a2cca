extension Array: PostgresArrayEncodable where Element: PostgresArrayEncodable {}
extension Array: PostgresArrayDecodable where Element: PostgresArrayDecodable {}

/// One-dimensional arrays, NULL elements included; `[UInt8]` is a `bytea`.
extension Array: PostgresEncodable where Element: PostgresArrayEncodable {
    package static var postgresType: PostgresType { Element.postgresArrayType }
    package func encode(into bytes: inout [UInt8]) { Element.encodeArray(self, into: &bytes) }
}

extension Array: PostgresDecodable where Element: PostgresArrayDecodable {
    package static func decode(_ bytes: RawSpan, type: PostgresOID) throws -> [Element] {
        try Element.decodeArray(bytes, type: type)
    }
}

extension PostgresEncodable {
    package static var postgresArrayType: PostgresType {
        guard let array = postgresType.arrayOID else { fatalError("an array of arrays cannot be bound: \(Self.self)") }
        // An array of bytes is the scalar `bytea`, and arrays of that exist.
        return PostgresType(oid: array, arrayOID: nil)
    }

    package static func encodeArray(_ elements: [Self], into bytes: inout [UInt8]) {
        bytes.append(bigEndian: Int32(elements.isEmpty ? 0 : 1))
        bytes.append(bigEndian: Int32(elements.contains { $0.isPostgresNull } ? 1 : 0))
        bytes.append(bigEndian: postgresType.oid.rawValue)
        guard !elements.isEmpty else { return }
        bytes.append(bigEndian: Int32(elements.count))
        bytes.append(bigEndian: Int32(1))
        for element in elements {
            guard !element.isPostgresNull else {
                bytes.append(bigEndian: Int32(-1))
                continue
            }
            // The length is known only afterwards: leave room, write, come back.
            let lengthAt = bytes.count
            bytes.append(bigEndian: Int32(0))
            element.encode(into: &bytes)
            let length = UInt32(bytes.count - lengthAt - 4)
            for index in 0..<4 { bytes[lengthAt + index] = UInt8(truncatingIfNeeded: length >> (24 - 8 * UInt32(index))) }
        }
    }
}

extension PostgresDecodable {
    package static func decodeArray(_ bytes: RawSpan, type: PostgresOID) throws -> [Self] {
        let dimensions = try bytes.load(Int32.self)
        let elementType = PostgresOID(try bytes.load(UInt32.self, at: 8))
        if dimensions == 0 { return [] }
        guard dimensions == 1 else { throw PostgresDecodingProblem.outOfRange }
        let count = Int(try bytes.load(Int32.self, at: 12))
        // Each element takes at least its length: a count beyond that is not a count.
        guard count >= 0, count <= (bytes.byteCount - 20) / 4 else { throw PostgresDecodingProblem.malformed }
        var elements: [Self] = []
        elements.reserveCapacity(count)
        var offset = 20
        for _ in 0..<count {
            let length = Int(try bytes.load(Int32.self, at: offset))
            offset += 4
            if length < 0 {
                elements.append(try decodeNull())
                continue
            }
            guard length <= bytes.byteCount - offset else { throw PostgresDecodingProblem.malformed }
            elements.append(try decode(bytes.extracting(offset..<offset + length), type: elementType))
            offset += length
        }
        return elements
    }
}

/// The byte is no type of its own in PostgreSQL; an array of bytes is a `bytea`.
extension UInt8: PostgresArrayEncodable, PostgresArrayDecodable {
    package static var postgresArrayType: PostgresType { .bytea }

    package static func encodeArray(_ elements: [UInt8], into bytes: inout [UInt8]) {
        bytes.append(contentsOf: elements)
    }

    package static func decodeArray(_ bytes: RawSpan, type: PostgresOID) throws -> [UInt8] {
        guard type == .bytea else { throw PostgresDecodingProblem.unexpectedType }
        return bytes.withUnsafeBytes { [UInt8]($0) }
    }
}
