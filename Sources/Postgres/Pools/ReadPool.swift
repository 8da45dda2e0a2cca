import FoundationEssentials
import Glibc
import Loop

/// Reads, many at once over a few sessions.
///
/// Each read is a unit of its own, `BEGIN READ ONLY; SET LOCAL scope; statements; Sync; COMMIT; Sync`, sent without waiting for
/// the units before it. Never two scopes in one transaction; the COMMIT has its own Sync, so it is never skipped and closes the
/// unit's block whatever happened inside; an error ends its own unit and no other. A unit whose session breaks is repeated once.
///
/// Belongs to a loop: every method traps elsewhere, and that is why `@unchecked Sendable` holds.
package final class ReadPool: @unchecked Sendable {
    /// Units under way on one session before others wait in the pool: enough to keep the server busy, few enough to lose.
    private static let inflightMaximum = 128
    private static let tick = Duration.milliseconds(500)
    /// Units of one scope under way at once: as many as keep the sessions busy, few enough that another scope's unit waits behind little.
    package static let scopeMaximumStandard = 16

    package let loop: EventLoop
    private let sessions: Sessions
    private let size: Int
    private let waitLimit: Duration
    private var waiting = FairQueue<ReadUnit>()
    private var share: ScopeShare
    package let neighbours: Neighbours
    private var isDispatchPlanned = false
    private var timer: LoopTimer?
    private var counts = PoolCounters()

    /// `waitLimit`: how long a unit may wait for a session before it is refused as unavailable. `scopeMaximum`: at most so many units of one
    /// scope are under way, fewer when they are long; its further ones wait, and those of other scopes pass them by. `neighbours`: of the loop, where
    /// it has other pools.
    package init(
        loop: EventLoop, options: ConnectionOptions, connections: Int = 2, waitLimit: Duration = .seconds(5),
        scopeMaximum: Int = ReadPool.scopeMaximumStandard, neighbours: Neighbours? = nil
    ) {
        self.loop = loop
        self.size = connections
        self.waitLimit = waitLimit
        share = ScopeShare(maximum: scopeMaximum, sessions: connections)
        self.neighbours = neighbours ?? Neighbours(loop: loop)
        sessions = Sessions(loop: loop, options: options)
    }

    /// Begins to open the sessions. Units that come earlier wait for them. On the loop.
    package func start() {
        loop.preconditionOnLoop()
        sessions.wanted = { [size] in size }
        sessions.whenOpened = { [weak self] _ in self?.dispatch() }
        sessions.replenish()
        timer = loop.schedule(every: Self.tick) { [weak self] in self?.lookAtClock() }
    }

    /// Ends all sessions; what is under way or waiting is refused as unavailable. On the loop.
    package func close() {
        loop.preconditionOnLoop()
        timer?.cancel()
        timer = nil
        sessions.close()
        for unit in waiting.removeAll() { unit.finish(.failure(.unavailable("the pool is closed"))) }
        neighbours.end()
    }

    /// At least one session is open. On the loop.
    package var isReady: Bool { !sessions.open.isEmpty }

    package var counters: PoolCounters {
        loop.preconditionOnLoop()
        var counters = counts
        sessions.count(into: &counters)
        counters.waiting = waiting.count
        return counters
    }

    /// Runs the statements in one read-only transaction and gives the rows of each, in order.
    ///
    /// `scope` nil sets no scope, so row-level security shows nothing that is scoped. `timeout` is each statement's; nil is the
    /// session's. `isAsked`: for somebody of the scope, not of the server's own accord. Throws `PostgresError`; on the loop.
    package func read(scope: UUID?, _ statements: [SQL], timeout: Duration? = nil, isAsked: Bool = true) async throws -> [Rows] {
        loop.preconditionOnLoop()
        try SQL.check(statements)
        if isAsked { neighbours.note(scope) }
        let commands = self.commands(scope: scope, statements, timeout: timeout)
        counts.units += 1
        var isRepeated = false
        while true {
            let batch = try await answer(to: ReadUnit(scope: scope, commands: commands, timeout: timeout))
            guard let failure = batch.failure else { return batch.rows }
            guard !isRepeated, failure.isRetryable, !sessions.isClosed else { throw failure }
            isRepeated = true
            counts.retries += 1
        }
    }

    /// One statement. As `read(scope:_:timeout:)`.
    package func read(scope: UUID?, _ statement: SQL, timeout: Duration? = nil) async throws -> Rows {
        try await read(scope: scope, [statement], timeout: timeout)[0]
    }

    private func commands(scope: UUID?, _ statements: [SQL], timeout: Duration?) -> [Command] {
        var commands: [Command] = []
        commands.reserveCapacity(statements.count + 3)
        commands.append(Command(kind: .control(.beginReadOnly), phase: .begin))
        if let scope { commands.append(.set(sessions.options.scopeSetting, to: scope)) }
        if let timeout { commands.append(.set("statement_timeout", to: timeout)) }
        for statement in statements { commands.append(Command(kind: .statement(statement), wantsRows: true)) }
        return commands
    }

    // MARK: Dispatch

    private func answer(to unit: ReadUnit) async throws -> Batch {
        guard !sessions.isClosed else { throw PostgresError.unavailable("the pool is closed") }
        unit.deadline = loop.milliseconds + waitLimit.roundedUpMilliseconds
        await withCheckedContinuation { continuation in
            unit.waiter = continuation
            waiting.append(unit, of: unit.scope)
            planDispatch()
        }
        return try unit.outcome.get()
    }

    /// Units that become ready in the same turn of the loop are sent together at its end.
    private func planDispatch() {
        guard !isDispatchPlanned else { return }
        isDispatchPlanned = true
        loop.beforePoll { [self] in
            isDispatchPlanned = false
            dispatch()
        }
    }

    private func dispatch() {
        let now = Self.microseconds()
        let isShared = neighbours.areThere
        while !waiting.isEmpty, let connection = leastBusy(),
            let (unit, _) = waiting.popFirst(where: { share.mayBegin($0, isShared: isShared) })
        {
            send(unit, on: connection, at: now)
        }
    }

    private func leastBusy() -> Connection? {
        var best: Connection?
        for connection in sessions.open where connection.isOpen && !connection.isStale && !connection.isWriteBlocked {
            // Two batches per unit.
            guard connection.inflightCount < 2 * Self.inflightMaximum else { continue }
            // Not the number of units counts but how long they will take: behind one long one it is later than behind three short ones.
            if connection.expectedMicroseconds < best?.expectedMicroseconds ?? .max { best = connection }
        }
        return best
    }

    private static func microseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }

    private func send(_ unit: ReadUnit, on connection: Connection, at now: Int64) {
        counts.inUse += 1
        share.begin(unit.scope)
        let expected = share.expectedMicroseconds(unit.scope)
        connection.expectedMicroseconds += expected
        let batch = connection.send(unit.commands, .ahead, startsUnit: true, timeout: unit.timeout)
        let commit = connection.send([Command(kind: .control(.commit), phase: .commit)], .inside)
        batch.onDone { [self] in
            counts.inUse -= 1
            connection.expectedMicroseconds -= expected
            // What came before it on the session is not its own.
            let end = Self.microseconds()
            let took = max(1, end - max(now, connection.lastUnitEnd))
            connection.lastUnitEnd = end
            unit.finish(.success(batch))
            neighbours.rest(held: .microseconds(took), waiting: waiting.count(of: unit.scope)) { [self] in
                share.end(unit.scope, tookMicroseconds: took)
                if !waiting.isEmpty { planDispatch() }
            }
        }
        commit.onDone { [self] in
            if connection.isStale && connection.inflightCount == 0 && connection.isOpen { sessions.retire(connection) }
            if !waiting.isEmpty { planDispatch() }
        }
    }

    private func lookAtClock() {
        let now = loop.milliseconds
        let late = waiting.remove { $0.deadline <= now }
        counts.refused += late.count
        let reason = sessions.lastFailure ?? "all sessions are busy"
        for unit in late { unit.finish(.failure(.unavailable("no session in time: \(reason)"))) }
        sessions.failSilent()
        sessions.replenish()
    }
}

/// One read on its way. Belongs to the pool's loop.
private final class ReadUnit {
    let scope: UUID?
    let commands: [Command]
    let timeout: Duration?
    var deadline: UInt64 = 0
    var waiter: CheckedContinuation<Void, Never>?
    private(set) var outcome: Result<Batch, PostgresError> = .failure(.unavailable("not answered"))

    init(scope: UUID?, commands: [Command], timeout: Duration?) {
        self.scope = scope
        self.commands = commands
        self.timeout = timeout
    }

    func finish(_ outcome: Result<Batch, PostgresError>) {
        guard let waiting = waiter else { return }
        waiter = nil
        self.outcome = outcome
        waiting.resume()
    }
}

extension Command {
    /// `SET LOCAL` to a UUID: the one place where a value becomes part of a text, and only a parsed UUID can.
    static func set(_ setting: String, to scope: UUID) -> Command {
        var text = "set local "
        text.reserveCapacity(setting.utf8.count + 52)
        text += setting
        text += " = '"
        text += scope.text
        text += "'"
        return Command(kind: .text(text), phase: .begin)
    }

    static func set(_ setting: String, to duration: Duration) -> Command {
        Command(kind: .text("set local \(setting) = \(duration.wholeMilliseconds)"), phase: .begin)
    }
}

extension UUID {
    private static let digits: StaticString = "0123456789abcdef"

    /// As PostgreSQL writes it. Every unit of a scope needs it once, and the library's own way takes a hundred times as long.
    fileprivate var text: String {
        let digits = Self.digits.utf8Start
        return withUnsafeBytes(of: uuid) { bytes in
            String(unsafeUninitializedCapacity: 36) { text in
                var position = 0
                for index in 0..<16 {
                    if index == 4 || index == 6 || index == 8 || index == 10 {
                        text[position] = UInt8(ascii: "-")
                        position += 1
                    }
                    text[position] = digits[Int(bytes[index] >> 4)]
                    text[position + 1] = digits[Int(bytes[index] & 15)]
                    position += 2
                }
                return position
            }
        }
    }
}

extension SQL {
    static func check(_ statements: [SQL]) throws {
        for statement in statements {
            guard statement.bindCount <= bindMaximum else { throw PostgresError.misuse("more than \(bindMaximum) binds") }
            guard !statement.isEmpty else { throw PostgresError.misuse("an empty statement") }
        }
    }
}
