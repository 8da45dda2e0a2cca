import CPostgres

/// A blocking session for the few commands that run before anything is served: migrations, the making of roles.
///
/// Blocks its thread, so it is not for a loop. Not Sendable: one user.
package final class AdminSession {
    private let session: OpaquePointer

    package init(url: String) throws(PostgresError) {
        let words = [
            ("dbname", url), ("fallback_application_name", "bursar"), ("client_encoding", "UTF8"), ("connect_timeout", "10"),
        ]
        let made = withCStrings(words.map(\.0)) { keywords in
            withCStrings(words.map(\.1)) { values in PQconnectdbParams(keywords, values, 1) }
        }
        guard let made else { throw .connectionLost("out of memory") }
        session = made
        guard PQstatus(session) == CONNECTION_OK else {
            throw .connectionLost(PostgresError.lastWords(of: session))
        }
        PQsetNoticeReceiver(session, { _, _ in }, nil)
    }

    deinit { PQfinish(session) }

    /// Runs one or many statements by the simple protocol: without an own BEGIN they are one transaction.
    package func run(_ text: String) throws(PostgresError) {
        guard let result = PQexec(session, text) else { throw .connectionLost(PostgresError.lastWords(of: session)) }
        defer { PQclear(result) }
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: return
        default: throw PostgresError(result: result)
        }
    }

    /// Runs one statement with its binds and gives its rows.
    package func query(_ statement: SQL) throws(PostgresError) -> Rows {
        let result = statement.withParameters { parameters in
            PQexecParams(
                session, statement.text, Int32(statement.bindCount), parameters.types, parameters.values, parameters.lengths,
                parameters.formats, 1)
        }
        guard let result else { throw .connectionLost(PostgresError.lastWords(of: session)) }
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK: return Rows(result: ResultBox(result))
        default:
            defer { PQclear(result) }
            throw PostgresError(result: result)
        }
    }
}
