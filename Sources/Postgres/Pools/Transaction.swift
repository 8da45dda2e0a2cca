/// One transaction under way, on a session of its own. Belongs to its loop and to one task: it is not Sendable.
///
/// Nothing is sent before it must be: BEGIN and the scope ride with the first flush, what was enqueued and COMMIT with the last.
package final class Transaction {
    private let connection: Connection
    private let opening: [Command]
    private let timeout: Duration?
    private var pending: [Command] = []
    private var hasBegun = false
    private var isOver = false
    /// The first error of the database; from then on the server answers nothing else.
    private(set) var failure: PostgresError?
    /// Set by `rollbackOnly()`.
    package private(set) var isRollbackOnly = false

    init(connection: Connection, opening: [Command], timeout: Duration?) {
        self.connection = connection
        self.opening = opening
        self.timeout = timeout
    }

    /// Sends what was enqueued and this statement, and waits for its rows.
    package func query(_ statement: SQL) async throws -> Rows { try await query([statement])[0] }

    /// Sends what was enqueued and these statements in one flush, and waits for the rows of each.
    package func query(_ statements: [SQL]) async throws -> [Rows] {
        try SQL.check(statements)
        let batch = try await flush(statements.map { Command(kind: .statement($0), wantsRows: true) })
        if let failure { throw failure }
        return batch.rows
    }

    /// Sends the statement with the next flush. Its error surfaces there; its rows and their number are not seen, so whatever
    /// must hold is a constraint.
    package func enqueue(_ statement: SQL) { pending.append(Command(kind: .statement(statement))) }

    /// Lets the body run, executes everything, checks the deferred constraints too, and then undoes it all; the body's value is
    /// still returned. A dry run.
    package func rollbackOnly() { isRollbackOnly = true }

    private func flush(_ commands: [Command]) async throws -> Batch {
        if let failure { throw failure }
        guard !isOver else { throw PostgresError.misuse("the transaction is over") }
        var all = hasBegun ? [] : opening
        all += pending
        all += commands
        let startsUnit = !hasBegun
        hasBegun = true
        pending = []
        let batch = connection.send(all, .inside, startsUnit: startsUnit, timeout: timeout)
        await batch.wait()
        failure = batch.failure
        return batch
    }

    // MARK: The end

    /// Sends what is left and COMMIT (or, for a dry run, ROLLBACK) in one flush. Throws what stood in the way.
    func finish() async throws {
        // A body that swallowed an error must not have it turned into a commit of nothing.
        if let failure { throw failure }
        defer { isOver = true }
        for case .statement(let statement) in pending.map(\.kind) { try SQL.check([statement]) }
        if !hasBegun && pending.isEmpty { return }
        if isRollbackOnly {
            _ = try await flush([
                Command(kind: .text("set constraints all immediate"), phase: .commit),
                Command(kind: .control(.rollback), phase: .rollback),
            ])
            if let failure { throw failure }
            return
        }
        let batch = try await flush([Command(kind: .control(.commit), phase: .commit)])
        if let failure { throw outcome(of: failure, in: batch) }
        guard batch.lastTag == "COMMIT" else {
            throw PostgresError.misuse("the server rolled back a transaction that reported no error")
        }
    }

    private func outcome(of failure: PostgresError, in batch: Batch) -> PostgresError {
        // An error that left the session alive has skipped the COMMIT or was the COMMIT's own refusal, and so has the server's
        // last word about an earlier statement: nothing has happened.
        guard batch.isLost, failure.kind == .connectionLost || failure.phase == .commit else { return failure }
        return PostgresError(
            kind: .commitOutcomeUnknown, sqlState: "08007", message: "the connection broke during COMMIT: \(failure.message)",
            phase: .commit)
    }

    /// Leaves no open block behind; a session on which even that fails is closed, which has the same effect.
    func rollBack() async {
        isOver = true
        guard hasBegun, connection.isOpen else { return }
        let batch = connection.send([Command(kind: .control(.rollback), phase: .rollback)], .inside)
        await batch.wait()
        if batch.failure != nil { connection.close() }
    }
}
