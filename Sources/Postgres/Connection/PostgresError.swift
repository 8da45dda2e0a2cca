import CPostgres

/// Something the database refused or could not do.
///
/// `description` is fit for a log: it names the SQLSTATE and the constraint, table and column, never the statement, never a value.
package struct PostgresError: Error, Sendable, CustomStringConvertible {
    package enum Kind: Hashable, Sendable {
        /// The server answered with an error.
        case server
        /// The connection could not be made, or broke before the answer.
        case connectionLost
        /// No connection came free in time, or the pool is closed. Answer 503.
        case unavailable
        /// The connection broke while COMMIT was on its way: the transaction is whole, but whether it happened is not known.
        case commitOutcomeUnknown
        /// The program used this module wrongly.
        case misuse
    }

    /// The part of a transaction in which it happened.
    package enum Phase: Hashable, Sendable { case begin, body, commit, rollback }

    package let kind: Kind
    /// Five characters; made up from the class "connection exception" where no server spoke.
    package let sqlState: String
    /// The server's words. May quote a value: for people who may see the data, not for logs.
    package let message: String
    package internal(set) var detail: String?
    package internal(set) var constraint: String?
    package internal(set) var schema: String?
    package internal(set) var table: String?
    package internal(set) var column: String?
    package internal(set) var phase: Phase?
    /// The server ended the session with this error.
    package internal(set) var isFatal = false

    init(kind: Kind, sqlState: String, message: String, phase: Phase? = nil) {
        self.kind = kind
        self.sqlState = sqlState
        self.message = message
        self.phase = phase
    }

    static func connectionLost(_ message: String) -> PostgresError {
        PostgresError(kind: .connectionLost, sqlState: "08006", message: message)
    }

    static func unavailable(_ message: String) -> PostgresError {
        PostgresError(kind: .unavailable, sqlState: "08001", message: message)
    }

    static func misuse(_ message: String) -> PostgresError {
        PostgresError(kind: .misuse, sqlState: "XX000", message: message)
    }

    package var description: String {
        var words = ["PostgreSQL \(kind) \(sqlState)"]
        if let phase { words.append("in \(phase)") }
        if let constraint { words.append("constraint \(constraint)") }
        if let table { words.append("table \(table)") }
        if let column { words.append("column \(column)") }
        // Without a server nobody quotes a value, and the words are all there is to go by.
        if kind != .server { words.append("(\(message))") }
        return words.joined(separator: " ")
    }
}

// MARK: - Questions

extension PostgresError {
    /// Repeating the whole transaction may succeed: serialization failure, deadlock, lost connection, server shutting down, a
    /// statement prepared before the schema changed, and the way in which a distributed PostgreSQL reports a lost conflict.
    package var isRetryable: Bool {
        switch kind {
        case .unavailable, .commitOutcomeUnknown, .misuse: return false
        case .connectionLost: return true
        case .server: break
        }
        switch sqlState {
        case "40001", "40P01", "57P01", "57P02", "57P03": return true
        case "XX000": return message.contains("could not commit transaction for shard")
        default: return sqlState.hasPrefix("08") || isStaleStatement
        }
    }

    /// 23505, on this constraint if one is named.
    package func isUniqueViolation(_ constraint: String? = nil) -> Bool { isViolation("23505", constraint) }
    /// 23503, on this constraint if one is named.
    package func isForeignKeyViolation(_ constraint: String? = nil) -> Bool { isViolation("23503", constraint) }
    /// 23514, on this constraint if one is named.
    package func isCheckViolation(_ constraint: String? = nil) -> Bool { isViolation("23514", constraint) }
    /// 55P03: `lock_timeout`, or NOWAIT.
    package var isLockTimeout: Bool { sqlState == "55P03" }
    /// 57014: `statement_timeout`, or somebody cancelled it.
    package var isCancelled: Bool { sqlState == "57014" }

    private func isViolation(_ state: String, _ name: String?) -> Bool {
        sqlState == state && (name == nil || name == constraint)
    }

    /// The server no longer knows a prepared statement, or its columns have changed since: a fresh connection does not suffer.
    var isStaleStatement: Bool {
        guard kind == .server else { return false }
        return sqlState == "26000" || (sqlState == "0A000" && message.hasPrefix("cached plan must not change"))
    }

    func during(_ phase: Phase) -> PostgresError {
        var error = self
        error.phase = self.phase ?? phase
        return error
    }
}

// MARK: - From libpq

extension PostgresError {
    /// Reads the fields of an error result.
    init(result: OpaquePointer) {
        func field(_ code: Unicode.Scalar) -> String? {
            PQresultErrorField(result, Int32(code.value)).map { String(cString: $0) }
        }
        let state = field("C")
        // libpq itself makes error results too, without a state; they all mean that the connection is gone.
        self.init(
            kind: state == nil ? .connectionLost : .server, sqlState: state ?? "08006",
            message: field("M") ?? Self.trimmed(PQresultErrorMessage(result)))
        detail = field("D")
        constraint = field("n")
        schema = field("s")
        table = field("t")
        column = field("c")
        isFatal = state == nil || field("V") == "FATAL" || field("V") == "PANIC"
    }

    /// libpq's last words about a connection.
    static func lastWords(of connection: OpaquePointer) -> String { trimmed(PQerrorMessage(connection)) }

    private static func trimmed(_ message: UnsafePointer<CChar>?) -> String {
        guard let message else { return "" }
        var text = String(cString: message)
        while text.last?.isNewline == true { text.removeLast() }
        return text
    }
}
