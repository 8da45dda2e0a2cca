import FoundationEssentials
import Loop

/// Transactions that write, each on a session of its own.
///
/// Belongs to a loop: every method traps elsewhere, and that is why `@unchecked Sendable` holds.
package final class WritePool: @unchecked Sendable {
    private static let pauseFirst: Int64 = 5
    private static let pauseLongest: Int64 = 200

    package let loop: EventLoop
    private let pool: ExclusivePool

    /// `connections` is the most that are open at once, of which one scope has three quarters at most, and a quarter while another one asks too; `waitLimit` how long a
    /// transaction waits for one before it is refused as unavailable.
    package init(
        loop: EventLoop, options: ConnectionOptions, connections: Int = 16, waitLimit: Duration = .seconds(5),
        neighbours: Neighbours? = nil
    ) {
        self.loop = loop
        pool = ExclusivePool(
            loop: loop, options: options, maximum: connections,
            scopeMaximum: Self.share(of: connections), sharedScopeMaximum: max(1, connections / 4), waitLimit: waitLimit,
            neighbours: neighbours ?? Neighbours(loop: loop))
    }

    /// What one scope may hold of so many sessions: always all but a quarter, and never none.
    package static func share(of connections: Int) -> Int { connections - connections / 4 }

    /// Opens `warm` sessions now; more come when they are needed. On the loop.
    package func start(warm: Int = 2) { pool.start(warm: warm) }

    /// Ends all sessions; a transaction under way fails, one that waits is refused as unavailable. On the loop.
    package func close() { pool.close() }

    package var counters: PoolCounters {
        loop.preconditionOnLoop()
        return pool.counters
    }

    /// Runs `body` in a transaction and commits; rolls back when it throws.
    ///
    /// - `retries`: how often the whole body is run again after a serialization failure, a deadlock or a lost connection. The
    ///   body must have no effect outside the database.
    /// - `repeatable`: the body finds out by itself that it has been committed before (an idempotency key), so it is also run
    ///   again when the connection broke during COMMIT; otherwise that throws `commitOutcomeUnknown`.
    /// - `isAsked`: for somebody of the scope, not of the server's own accord.
    /// - `timeout`, `lockTimeout`: per statement; nil is the session's. `settings`: further `set local` statements.
    ///
    /// An error of the body is thrown as it is; one of the database is a `PostgresError` that knows its phase. On the loop.
    package func write<T>(
        scope: UUID?, retries: Int = 3, repeatable: Bool = false, timeout: Duration? = nil, lockTimeout: Duration? = nil,
        settings: [SQL] = [], isAsked: Bool = true, _ body: (Transaction) async throws -> T
    ) async throws -> T {
        loop.preconditionOnLoop()
        let opening = self.opening(scope: scope, timeout: timeout, lockTimeout: lockTimeout, settings: settings)
        pool.counts.units += 1
        var attempt = 0
        while true {
            let connection = try await pool.checkOut(for: scope, isAsked: isAsked)
            let transaction = Transaction(connection: connection, opening: opening, timeout: timeout)
            do {
                let value = try await body(transaction)
                try await transaction.finish()
                pool.giveBack(connection, of: scope)
                return value
            } catch {
                await transaction.rollBack()
                pool.giveBack(connection, of: scope)
                guard attempt < retries, Self.isWorthRepeating(error, transaction, repeatable) else { throw error }
            }
            attempt += 1
            pool.counts.retries += 1
            try await pause(before: attempt)
        }
    }

    /// The database's own error decides, also where the body has thrown something else because of it.
    private static func isWorthRepeating(_ error: any Error, _ transaction: Transaction, _ repeatable: Bool) -> Bool {
        if let error = error as? PostgresError, error.kind == .commitOutcomeUnknown { return repeatable }
        return transaction.failure?.isRetryable ?? false
    }

    private func opening(scope: UUID?, timeout: Duration?, lockTimeout: Duration?, settings: [SQL]) -> [Command] {
        var commands = [Command(kind: .control(.begin), phase: .begin)]
        if let scope { commands.append(.set(pool.sessions.options.scopeSetting, to: scope)) }
        if let timeout { commands.append(.set("statement_timeout", to: timeout)) }
        if let lockTimeout { commands.append(.set("lock_timeout", to: lockTimeout)) }
        for setting in settings { commands.append(Command(kind: .statement(setting), phase: .begin)) }
        return commands
    }

    /// Longer each time, and half of it by chance: two that have met must not meet again in step.
    private func pause(before attempt: Int) async throws {
        let longest = min(Self.pauseLongest, Self.pauseFirst << Int64(min(attempt, 10)))
        try await loop.sleep(for: .milliseconds(longest / 2 + Int64.random(in: 0...longest / 2)))
    }
}
