/// An instant in microseconds since 1970-01-01T00:00:00Z; a `timestamptz` column.
package struct PostgresTimestamp: PostgresEncodable, PostgresDecodable, Hashable, Comparable {
    package let microseconds: Int64
    package init(microseconds: Int64) { self.microseconds = microseconds }

    package static var postgresType: PostgresType { .timestamptz }

    /// PostgreSQL counts from 2000-01-01T00:00:00Z.
    private static let epoch: Int64 = 946_684_800_000_000

    package func encode(into bytes: inout [UInt8]) {
        let (value, overflow) = microseconds.subtractingReportingOverflow(Self.epoch)
        // The lowest number means -infinity to the server; the one above it is refused there as out of range.
        bytes.append(bigEndian: overflow || value == .min ? .min + 1 : value)
    }

    /// Infinity is `outOfRange`.
    package static func decode(_ bytes: RawSpan, type: PostgresOID) throws -> PostgresTimestamp {
        guard type == .timestamptz else { throw PostgresDecodingProblem.unexpectedType }
        let value = try bytes.loadWhole(Int64.self)
        let (microseconds, overflow) = value.addingReportingOverflow(epoch)
        guard !overflow, value != .max, value != .min else { throw PostgresDecodingProblem.outOfRange }
        return PostgresTimestamp(microseconds: microseconds)
    }

    package static func < (left: PostgresTimestamp, right: PostgresTimestamp) -> Bool {
        left.microseconds < right.microseconds
    }
}

/// A calendar day as days since 1970-01-01; a `date` column.
package struct PostgresDate: PostgresEncodable, PostgresDecodable, Hashable, Comparable {
    package let days: Int32
    package init(days: Int32) { self.days = days }

    package static var postgresType: PostgresType { .date }

    /// PostgreSQL counts from 2000-01-01.
    private static let epoch: Int32 = 10_957

    package func encode(into bytes: inout [UInt8]) {
        let (value, overflow) = days.subtractingReportingOverflow(Self.epoch)
        // As for instants: never send the number that means -infinity.
        bytes.append(bigEndian: overflow || value == .min ? .min + 1 : value)
    }

    /// Infinity is `outOfRange`.
    package static func decode(_ bytes: RawSpan, type: PostgresOID) throws -> PostgresDate {
        guard type == .date else { throw PostgresDecodingProblem.unexpectedType }
        let value = try bytes.loadWhole(Int32.self)
        let (days, overflow) = value.addingReportingOverflow(epoch)
        guard !overflow, value != .max, value != .min else { throw PostgresDecodingProblem.outOfRange }
        return PostgresDate(days: days)
    }

    package static func < (left: PostgresDate, right: PostgresDate) -> Bool { left.days < right.days }
}
