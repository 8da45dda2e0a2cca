import CPostgres

/// What one statement answered: its rows, and the number of rows it touched.
package struct Rows: RandomAccessCollection, Sendable {
    let result: ResultBox

    package var startIndex: Int { 0 }
    package var endIndex: Int { result.count }
    package subscript(index: Int) -> Row {
        precondition(index >= 0 && index < result.count, "row out of range")
        return Row(result: result, index: index)
    }

    /// Rows inserted, updated, deleted or selected.
    package var affected: Int { result.affected }
    package var columnNames: [String] { (0..<result.columnCount).map(result.columnName) }
}

/// One row. A column is read by position or by name, as the type that the caller expects; what does not fit throws.
package struct Row: Sendable {
    @usableFromInline let result: ResultBox
    @usableFromInline let index: Int

    package var count: Int { result.columnCount }

    /// Inlinable, so that each type's reading is compiled where it is read: rows are what a busy server does most.
    @inlinable
    package func get<T: PostgresDecodable>(_ column: Int, as type: T.Type = T.self) throws(PostgresDecodingError) -> T {
        guard column >= 0, column < result.columnCount else { throw fault(column, T.self, PostgresDecodingProblem.noSuchColumn) }
        do {
            guard let (bytes, type) = result.value(row: index, column: column) else { return try T.decodeNull() }
            // The bytes belong to the result, which `self` keeps alive until this function returns.
            return try withExtendedLifetime(result) { try T.decode(bytes.bytes, type: type) }
        } catch {
            throw fault(column, T.self, error)
        }
    }

    @usableFromInline
    func fault(_ column: Int, _ wanted: Any.Type, _ problem: any Error) -> PostgresDecodingError {
        guard column >= 0, column < result.columnCount else {
            return PostgresDecodingError(column: "#\(column)", type: nil, wanted: "\(wanted)", problem)
        }
        return PostgresDecodingError(
            column: result.columnName(column), type: result.columnType(column), wanted: "\(wanted)", problem)
    }

    package func get<T: PostgresDecodable>(_ name: String, as type: T.Type = T.self) throws(PostgresDecodingError) -> T {
        guard let column = result.columnIndex(name) else {
            throw PostgresDecodingError(column: name, type: nil, wanted: "\(T.self)", PostgresDecodingProblem.noSuchColumn)
        }
        return try get(column)
    }

    package subscript<T: PostgresDecodable>(column: Int) -> T {
        get throws(PostgresDecodingError) { try get(column) }
    }

    package subscript<T: PostgresDecodable>(name: String) -> T {
        get throws(PostgresDecodingError) { try get(name) }
    }

    /// The first columns, in order: `let (id, state) = try row.decode(UUID.self, String.self)`.
    package func decode<each T: PostgresDecodable>(_ types: repeat (each T).Type) throws(PostgresDecodingError) -> (repeat each T)
    {
        var column = -1
        func next<U: PostgresDecodable>(_ type: U.Type) throws(PostgresDecodingError) -> U {
            column += 1
            return try get(column)
        }
        return (repeat try next(each types))
    }
}

/// A column could not be read as the type asked for. Names the column and the types, never the value.
package struct PostgresDecodingError: Error, CustomStringConvertible {
    package let column: String
    package let type: PostgresOID?
    package let wanted: String
    /// A `PostgresDecodingProblem`, or what the decoding type threw.
    package let problem: any Error

    init(column: String, type: PostgresOID?, wanted: String, _ problem: any Error) {
        self.column = column
        self.type = type
        self.wanted = wanted
        self.problem = problem
    }

    package var description: String {
        let found = type.map { " of type \($0.rawValue)" } ?? ""
        let reason = (problem as? PostgresDecodingProblem).map { "\($0)" } ?? "refused by the type"
        return "column \(column)\(found) is not a \(wanted): \(reason)"
    }
}

/// Owns one PGresult.
///
/// `@unchecked Sendable`: libpq never touches a result again once it has handed it out, and the accessors used here only
/// read it. Freed when the last row is forgotten, on whichever thread.
@usableFromInline
final class ResultBox: @unchecked Sendable {
    private let pointer: OpaquePointer
    let count: Int
    @usableFromInline let columnCount: Int

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
        count = Int(PQntuples(pointer))
        columnCount = Int(PQnfields(pointer))
    }

    deinit { PQclear(pointer) }

    var affected: Int { Int(String(cString: PQcmdTuples(pointer))) ?? 0 }

    func columnName(_ column: Int) -> String { String(cString: PQfname(pointer, Int32(column))) }
    func columnType(_ column: Int) -> PostgresOID { PostgresOID(PQftype(pointer, Int32(column))) }

    func columnIndex(_ name: String) -> Int? {
        // PQfnumber would fold the case of an unquoted name; the names here are compared as they are.
        (0..<columnCount).first { column in
            name.utf8.elementsEqual(CString(PQfname(pointer, Int32(column))))
        }
    }

    /// The bytes of a value, good for as long as the box is held, and its type; nil for NULL.
    @usableFromInline
    func value(row: Int, column: Int) -> (bytes: UnsafeRawBufferPointer, type: PostgresOID)? {
        let row = Int32(row)
        let column = Int32(column)
        guard PQgetisnull(pointer, row, column) == 0 else { return nil }
        let length = Int(PQgetlength(pointer, row, column))
        return (
            UnsafeRawBufferPointer(start: PQgetvalue(pointer, row, column), count: length), PostgresOID(PQftype(pointer, column))
        )
    }
}

/// The bytes of a C string, up to its end, without a copy.
private struct CString: Sequence, IteratorProtocol {
    private var pointer: UnsafePointer<CChar>
    init(_ pointer: UnsafePointer<CChar>) { self.pointer = pointer }
    mutating func next() -> UInt8? {
        guard pointer.pointee != 0 else { return nil }
        defer { pointer += 1 }
        return UInt8(bitPattern: pointer.pointee)
    }
}
