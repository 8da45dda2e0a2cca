import Billing
import FoundationEssentials
import Postgres
import Values

// How our own values travel to PostgreSQL and back. Each is one of PostgreSQL's types underneath; a value that cannot be ours fails its decoding.

extension ID: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { UUID.postgresType }
    package func encode(into bytes: inout [UInt8]) { uuid.encode(into: &bytes) }
    package static func decode(_ bytes: RawSpan, type: PostgresOID) throws -> ID<Tag> { ID(try UUID.decode(bytes, type: type)) }
}

extension Instant: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { PostgresTimestamp.postgresType }
    package func encode(into bytes: inout [UInt8]) { PostgresTimestamp(microseconds: microseconds).encode(into: &bytes) }
    package static func decode(_ bytes: RawSpan, type: PostgresOID) throws -> Instant {
        Instant(microseconds: try PostgresTimestamp.decode(bytes, type: type).microseconds)
    }
}

extension CivilDate: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { PostgresDate.postgresType }
    package func encode(into bytes: inout [UInt8]) { PostgresDate(days: Int32(daysSinceEpoch)).encode(into: &bytes) }
    package static func decode(_ bytes: RawSpan, type: PostgresOID) throws -> CivilDate {
        CivilDate(daysSinceEpoch: Int(try PostgresDate.decode(bytes, type: type).days))
    }
}

extension ExactDecimal: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { PostgresNumeric.postgresType }
    package func encode(into bytes: inout [UInt8]) {
        PostgresNumeric(coefficient: coefficient, scale: scale).encode(into: &bytes)
    }
    package static func decode(_ bytes: RawSpan, type: PostgresOID) throws -> ExactDecimal {
        guard let (coefficient, scale) = try PostgresNumeric.decode(bytes, type: type).coefficientAndScale else {
            throw PostgresDecodingProblem.unexpectedNull
        }
        return try ExactDecimal(coefficient: coefficient, scale: scale)
    }
}

/// A word of ours kept as text: an enum with a raw string.
package protocol PostgresWord: RawRepresentable, PostgresEncodable, PostgresDecodable where RawValue == String {}
extension PostgresWord {
    package static var postgresType: PostgresType { .text }
    package func encode(into bytes: inout [UInt8]) { rawValue.encode(into: &bytes) }
    package static func decode(_ bytes: RawSpan, type: PostgresOID) throws -> Self {
        guard let word = Self(rawValue: try String.decode(bytes, type: type)) else { throw UnknownWord() }
        return word
    }
}
extension Offer: PostgresWord {}
extension SubscriptionState: PostgresWord {}
extension AccountKind: PostgresWord {}
extension LotSource: PostgresWord {}

/// The database holds a word that this program does not know: an older program on a newer schema.
package struct UnknownWord: Error {}

extension Currency: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .text }
    package func encode(into bytes: inout [UInt8]) { code.encode(into: &bytes) }
    package static func decode(_ bytes: RawSpan, type: PostgresOID) throws -> Currency {
        guard let currency = Currency(try String.decode(bytes, type: type)) else { throw UnknownWord() }
        return currency
    }
}

extension TimeZoneRule: PostgresDecodable {
    package static func decode(_ bytes: RawSpan, type: PostgresOID) throws -> TimeZoneRule {
        guard let rule = TimeZoneRule(identifier: try String.decode(bytes, type: type)) else { throw UnknownWord() }
        return rule
    }
}

/// Reads a row's columns from left to right, so that a query and its reader can be held side by side.
struct Columns {
    private let row: Row
    private var index = 0

    init(_ row: Row) { self.row = row }

    mutating func next<Value: PostgresDecodable>(_ type: Value.Type = Value.self) throws -> Value {
        defer { index += 1 }
        return try row.get(index, as: type)
    }
}
