/// A value that can be bound to a statement, in PostgreSQL's binary format.
///
/// A type of another module conforms by handing on to one of these: `encode(into:)` calls the wrapped value's, `postgresType`
/// names the wrapped value's. Arrays and optionals of it work from then on.
package protocol PostgresEncodable: PostgresArrayEncodable {
    static var postgresType: PostgresType { get }
    /// True sends NULL, and `encode` is not called.
    var isPostgresNull: Bool { get }
    /// Appends the binary form, without a length.
    func encode(into bytes: inout [UInt8])
}

/// A value that can be read from a column, in PostgreSQL's binary format.
package protocol PostgresDecodable: PostgresArrayDecodable {
    /// `type` is what the server says the column holds. Throws `PostgresDecodingProblem` or an error of the type's own.
    static func decode(_ bytes: RawSpan, type: PostgresOID) throws -> Self
    /// What NULL means to this type; throws for all but optionals.
    static func decodeNull() throws -> Self
}

package typealias PostgresCodable = PostgresEncodable & PostgresDecodable

/// What an array can hold. Only the byte differs from the rule, because an array of bytes is one `bytea`.
package protocol PostgresArrayEncodable: Sendable {
    static var postgresArrayType: PostgresType { get }
    static func encodeArray(_ elements: [Self], into bytes: inout [UInt8])
}

package protocol PostgresArrayDecodable: Sendable {
    static func decodeArray(_ bytes: RawSpan, type: PostgresOID) throws -> [Self]
}

/// Why a column is not a value of the type that was asked for.
package enum PostgresDecodingProblem: Error, Hashable, Sendable {
    case unexpectedNull
    case unexpectedType
    case malformed
    /// A proper value that the Swift type cannot hold: infinity, a wider integer …
    case outOfRange
    case noSuchColumn
}

extension PostgresEncodable {
    package var isPostgresNull: Bool { false }
}

extension PostgresDecodable {
    package static func decodeNull() throws -> Self { throw PostgresDecodingProblem.unexpectedNull }
}

extension Optional: PostgresArrayEncodable where Wrapped: PostgresEncodable {}
extension Optional: PostgresArrayDecodable where Wrapped: PostgresDecodable {}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    package static var postgresType: PostgresType { Wrapped.postgresType }
    package var isPostgresNull: Bool {
        guard let self else { return true }
        return self.isPostgresNull
    }
    package func encode(into bytes: inout [UInt8]) { self?.encode(into: &bytes) }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    package static func decode(_ bytes: RawSpan, type: PostgresOID) throws -> Wrapped? {
        try Wrapped.decode(bytes, type: type)
    }
    package static func decodeNull() throws -> Wrapped? { nil }
}

extension [UInt8] {
    mutating func append(bigEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }
}

extension RawSpan {
    /// The integer at `offset`; throws when the bytes end before it does.
    func load<T: FixedWidthInteger & BitwiseCopyable>(
        _ type: T.Type, at offset: Int = 0
    ) throws(PostgresDecodingProblem) -> T {
        let end = offset + MemoryLayout<T>.size
        guard offset >= 0, end <= byteCount else { throw .malformed }
        // In bounds by the line above; an integer has no invalid bit patterns.
        return T(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: T.self))
    }

    /// The integer that these bytes are, all of them.
    func loadWhole<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) throws(PostgresDecodingProblem) -> T {
        guard byteCount == MemoryLayout<T>.size else { throw .malformed }
        return try load(type)
    }
}
