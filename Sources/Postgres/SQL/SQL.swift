/// A statement and its values, kept apart: the text is what the programmer wrote, with `$1`, `$2` … where the values belong.
///
/// An interpolated value can only become a bind, so no value can ever be read as SQL. Text that must be spliced in goes through
/// `\(unsafeSQL:)`, the one door that shows in a search. `\(fragment)` nests another `SQL`; its binds are renumbered.
///
///     let row: SQL = "select state from subscriptions where tenant_id = \(tenant) and id = \(id)"
package struct SQL: Sendable {
    /// Where one bind lies: its bytes in `payload`, and its `$n` in the text, which nesting needs to renumber.
    struct Bind: Sendable {
        let type: PostgresOID
        let start: Int32
        /// -1 is NULL.
        let length: Int32
        let markStart: Int32
        let markLength: Int32
    }

    /// The text that the server parses. It holds no value, so it may be logged.
    package private(set) var text: String
    private(set) var binds: [Bind] = []
    /// The binary values of all binds, one after the other.
    private(set) var payload: [UInt8] = []
    /// Whose text this is, to the letter; nil for text that was put together for this one use.
    private(set) var template: StatementTemplate?

    init(text: String) { self.text = text }

    package init(unsafeSQL text: String) { self.text = text }

    package var isEmpty: Bool { text.isEmpty }

    /// The number of values that travel with the text.
    package var bindCount: Int { binds.count }

    mutating func append(text more: String) {
        template = nil
        if text.isEmpty { text = more } else { text += more }
    }

    mutating func append(bind value: some PostgresEncodable) {
        let start = payload.count
        var length = -1
        if !value.isPostgresNull {
            value.encode(into: &payload)
            length = payload.count - start
        }
        appendMark(type: type(of: value).postgresType.oid, start: start, length: length)
    }

    private mutating func appendMark(type: PostgresOID, start: Int, length: Int) {
        template = nil
        let markStart = text.utf8.count
        let number = binds.count + 1
        text += "$"
        text += String(number)
        binds.append(
            Bind(
                type: type, start: Int32(start), length: Int32(length),
                markStart: Int32(markStart), markLength: Int32(text.utf8.count - markStart)))
    }

    package mutating func append(_ fragment: SQL) {
        if binds.isEmpty && text.isEmpty {
            self = fragment
            return
        }
        template = nil
        let base = payload.count
        payload.append(contentsOf: fragment.payload)
        let source = fragment.text.utf8
        var position = source.startIndex
        for bind in fragment.binds {
            let mark = source.index(source.startIndex, offsetBy: Int(bind.markStart))
            text += fragment.text[position..<mark]
            position = source.index(mark, offsetBy: Int(bind.markLength))
            appendMark(type: bind.type, start: base + Int(bind.start), length: Int(bind.length))
        }
        text += fragment.text[position...]
    }

    package static func + (first: SQL, second: SQL) -> SQL {
        var sum = first
        sum.append(second)
        return sum
    }
}

extension SQL {
    /// The template's text with other values.
    fileprivate init<each Value: PostgresEncodable>(_ template: StatementTemplate, _ values: repeat each Value) {
        self = template.sample
        payload.removeAll(keepingCapacity: false)
        payload.reserveCapacity(64)
        var index = 0
        func bind(_ value: some PostgresEncodable, into sql: inout SQL) {
            let (before, start) = (sql.binds[index], sql.payload.count)
            precondition(before.type == type(of: value).postgresType.oid, "bind \(index + 1) of a template has another type")
            if !value.isPostgresNull { value.encode(into: &sql.payload) }
            sql.binds[index] = Bind(
                type: before.type, start: Int32(start), length: value.isPostgresNull ? -1 : Int32(sql.payload.count - start),
                markStart: before.markStart, markLength: before.markLength)
            index += 1
        }
        repeat bind(each values, into: &self)
        precondition(index == binds.count, "a template has \(binds.count) binds")
        self.template = template
    }
}

/// A statement whose text is made once. What a hot path asks again and again then costs neither the making nor the hashing of a long text; a session
/// knows it by the template.
///
///     static let one = StatementTemplate("select state from subscriptions where tenant_id = \(TenantID.none) and id = \(SubscriptionID.none)")
///     let statement = one(tenant, id)
package final class StatementTemplate: Sendable {
    fileprivate let sample: SQL

    /// `sample`: the statement with any values of the right types.
    package init(_ sample: SQL) { self.sample = sample }

    /// The statement with these values, in the order in which the sample names them.
    package func callAsFunction<each Value: PostgresEncodable>(_ values: repeat each Value) -> SQL {
        SQL(self, repeat each values)
    }
}

extension SQL: ExpressibleByStringInterpolation {
    package init(stringLiteral value: String) { self.init(text: value) }
    package init(stringInterpolation: StringInterpolation) { self = stringInterpolation.sql }

    package struct StringInterpolation: StringInterpolationProtocol {
        var sql: SQL

        package init(literalCapacity: Int, interpolationCount: Int) {
            sql = SQL(text: "")
            sql.reserve(text: literalCapacity + interpolationCount * 3, binds: interpolationCount)
        }

        package mutating func appendLiteral(_ literal: String) { sql.append(text: literal) }

        /// Binds a value.
        package mutating func appendInterpolation(_ value: some PostgresEncodable) { sql.append(bind: value) }
        /// An absent value binds NULL. (A way of its own, so that the compiler does not take it for a debug description.)
        package mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value?) { sql.append(bind: value) }

        /// Nests another statement's text and binds.
        package mutating func appendInterpolation(_ fragment: SQL) { sql.append(fragment) }

        /// Splices text in as it is. Never hand it anything that came from outside the program.
        package mutating func appendInterpolation(unsafeSQL text: String) { sql.append(text: text) }
    }

    fileprivate mutating func reserve(text bytes: Int, binds count: Int) {
        text.reserveCapacity(bytes)
        binds.reserveCapacity(count)
        payload.reserveCapacity(count * 16)
    }
}

extension SQL: CustomStringConvertible {
    /// The text; the values stay out.
    package var description: String { text }
}

extension Sequence where Element == SQL {
    /// The statements one after the other with `separator` between them: `conditions.joined(separator: " and ")`.
    package func joined(separator: SQL) -> SQL {
        var joined = SQL(text: "")
        var isFirst = true
        for element in self {
            if !isFirst { joined.append(separator) }
            joined.append(element)
            isFirst = false
        }
        return joined
    }
}
