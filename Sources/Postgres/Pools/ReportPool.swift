import FoundationEssentials
import Loop

/// Long reads, batch by batch, each on a session of its own with its own timeout: reports and exports never hold up a page.
///
/// Belongs to a loop: every method traps elsewhere, and that is why `@unchecked Sendable` holds.
package final class ReportPool: @unchecked Sendable {
    private static let cursor = "report"

    package let loop: EventLoop
    private let pool: ExclusivePool

    /// `options.statementTimeout` bounds each batch, not the whole; give reports a longer one than pages.
    package init(
        loop: EventLoop, options: ConnectionOptions, connections: Int = 2, waitLimit: Duration = .seconds(10)
    ) {
        self.loop = loop
        pool = ExclusivePool(
            loop: loop, options: options, maximum: connections, scopeMaximum: connections, sharedScopeMaximum: connections,
            waitLimit: waitLimit, neighbours: nil)
    }

    /// Sessions are opened when the first report is asked for. On the loop.
    package func start() { pool.start(warm: 0) }
    package func close() { pool.close() }

    package var counters: PoolCounters {
        loop.preconditionOnLoop()
        return pool.counters
    }

    /// Hands the rows to `handler` in batches of at most `batchSize`, all from one instant (REPEATABLE READ, READ ONLY). The next
    /// batch is asked for when the handler has returned, so a slow reader holds the server back and memory holds one batch.
    ///
    /// Stops at the first error, the database's or the handler's. Not repeated: the handler may have given rows away. On the loop.
    package func stream(
        scope: UUID?, _ statement: SQL, batchSize: Int = 500, timeout: Duration? = nil, _ handler: (Rows) async throws -> Void
    ) async throws {
        loop.preconditionOnLoop()
        precondition(batchSize > 0)
        try SQL.check([statement])
        pool.counts.units += 1
        let connection = try await pool.checkOut(for: scope)
        let transaction = Transaction(connection: connection, opening: opening(scope, timeout), timeout: timeout)
        do {
            let cursor = SQL(unsafeSQL: "declare \(Self.cursor) no scroll cursor for ") + statement
            let fetch = SQL(unsafeSQL: "fetch forward \(batchSize) from \(Self.cursor)")
            transaction.enqueue(cursor)
            while true {
                let rows = try await transaction.query(fetch)
                if !rows.isEmpty { try await handler(rows) }
                if rows.count < batchSize { break }
            }
            try await transaction.finish()
            pool.giveBack(connection, of: scope)
        } catch {
            await transaction.rollBack()
            pool.giveBack(connection, of: scope)
            throw error
        }
    }

    private func opening(_ scope: UUID?, _ timeout: Duration?) -> [Command] {
        var commands = [Command(kind: .control(.beginReport), phase: .begin)]
        if let scope { commands.append(.set(pool.sessions.options.scopeSetting, to: scope)) }
        if let timeout { commands.append(.set("statement_timeout", to: timeout)) }
        // All rows are wanted: the planner must not favour the first few, as it does for cursors.
        commands.append(Command(kind: .text("set local cursor_tuple_fraction = 1"), phase: .begin))
        return commands
    }
}
