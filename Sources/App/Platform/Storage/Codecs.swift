import Billing
import FoundationEssentials
import Postgres
import Synchronization
import Values

// How our own values travel to PostgreSQL and back. Each is one of PostgreSQL's types underneath; a value that cannot be ours fails its decoding.

extension ID: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { UUID.postgresType }
    package func encode(into bytes: inout [UInt8]) { uuid.encode(into: &bytes) }
    package static func decode(_ bytes: RawSpan, type: PostgresOID) throws -> ID<Tag> { ID(try UUID.decode(bytes, type: type)) }
}

extension ID {
    /// Stands for any ID in the sample of a statement's template.
    static var any: ID { ID(UUIDBits(high: 0, low: 0)) }
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
        guard let rule = known(try String.decode(bytes, type: type)) else { throw UnknownWord() }
        return rule
    }

    private static let remembered = Mutex<[String: TimeZoneRule]>([:])

    /// Every row of an account carries its zone, and there are few: the system's table is asked once for each.
    private static func known(_ identifier: String) -> TimeZoneRule? {
        if let rule = remembered.withLock({ $0[identifier] }) { return rule }
        guard let rule = TimeZoneRule(identifier: identifier) else { return nil }
        remembered.withLock { $0[identifier] = rule }
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
