import CPostgres
import Loop

/// One session with the server, in libpq's pipeline mode, non-blocking, on one loop.
///
/// Batches are sent one behind the other without waiting; the answers come back in the same order. Everything here happens on
/// the loop's thread; the class is not Sendable, so the compiler keeps it there.
final class Connection {
    /// Where the statements of a batch are prepared that this session does not know yet.
    enum Preparation {
        /// In a Sync of their own before the batch. Others may use a statement as soon as it is asked for: nothing can skip it.
        case ahead
        /// Inside the batch, so that an error in a transaction is that transaction's. Only for exclusive use: a batch that
        /// fails earlier skips the preparation, and whoever is behind would run into a name that does not exist.
        case inside
    }

    let loop: EventLoop
    let options: ConnectionOptions
    private var session: OpaquePointer?
    private var watch: LoopWatch?
    private var inflight = Queue<Batch>()
    private var statements: StatementCache
    /// True while libpq holds bytes that the socket would not take.
    private(set) var isWriteBlocked = false
    /// Its prepared statements no longer fit the schema: finish what is under way and open another.
    private(set) var isStale = false
    private var lastProgress: UInt64 = 0
    /// When the pool saw its latest unit end, in microseconds of a clock that only goes forward.
    var lastUnitEnd: Int64 = 0
    /// What the pool thinks the units under way will still take of it.
    var expectedMicroseconds: Int64 = 0
    /// When its pool last gave it to one user, in the loop's milliseconds.
    var handedOutAt: UInt64 = 0
    private var emptyAnswers = 0
    /// Called once when the session is over for any reason but `close`.
    var whenLost: ((PostgresError) -> Void)?

    private init(session: OpaquePointer, options: ConnectionOptions, loop: EventLoop) {
        self.session = session
        self.options = options
        self.loop = loop
        statements = StatementCache(capacity: options.statementCapacity)
    }

    deinit {
        if let watch, watch.isOpen { watch.close() }
        if let session { PQfinish(session) }
    }

    var isOpen: Bool { session != nil }
    var inflightCount: Int { inflight.count }
    var statementCount: Int { statements.count }
    var processID: Int32 { session.map { PQbackendPID($0) } ?? 0 }

    /// Nothing under way and no transaction open: fit to be handed to another unit.
    var isIdle: Bool {
        guard let session, inflight.isEmpty else { return false }
        return PQtransactionStatus(session) == PQTRANS_IDLE
    }

    // MARK: Opening and closing

    /// Connects, enters pipeline mode and prepares transaction control.
    static func open(
        _ options: ConnectionOptions, on loop: EventLoop, _ attempt: ConnectAttempt = ConnectAttempt()
    ) async throws -> Connection {
        let session = try await connect(options, on: loop, attempt)
        let connection = Connection(session: session, options: options, loop: loop)
        try await connection.setUp()
        return connection
    }

    private func setUp() async throws {
        guard let session else { return }
        PQsetNoticeReceiver(session, { _, _ in }, nil)
        guard PQsetnonblocking(session, 1) == 0, PQenterPipelineMode(session) == 1 else {
            throw PostgresError.connectionLost(PostgresError.lastWords(of: session))
        }
        do {
            let watch = try loop.watch(fd: PQsocket(session)) { [weak self] events in self?.socketIsReady(events) }
            self.watch = watch
            watch.update(events: .readable)
        } catch {
            throw PostgresError.connectionLost("the socket cannot be watched: \(error)")
        }
        // A server that hangs behind its handshake must not hold up the pool.
        let limit = loop.schedule(after: options.connectTimeout) { [weak self] in self?.close(.connectionLost("no answer")) }
        defer { limit.cancel() }
        let batch = Batch()
        for control in Control.allCases {
            batch.steps.append(.command(wantsRows: false, .begin, nil))
            guard PQsendPrepare(session, control.statementName, control.rawValue, 0, nil) == 1 else {
                throw PostgresError.connectionLost(PostgresError.lastWords(of: session))
            }
        }
        sync(batch)
        // A pooler in between may hand over a session that still carries somebody's scope.
        let leftover = send(
            [Command(kind: .statement("select coalesce(current_setting(\(options.scopeSetting), true), '')"), wantsRows: true)],
            .inside)
        await leftover.wait()
        if let failure = batch.failure ?? leftover.failure { throw failure }
        guard try leftover.rows[0][0].get(0, as: String.self).isEmpty else {
            close()
            throw PostgresError.misuse("the session came with \(options.scopeSetting) set; it is not usable")
        }
    }

    /// Ends the session; whatever is under way fails as lost. The second call does nothing.
    func close(_ error: PostgresError = .connectionLost("closed")) {
        guard let session else { return }
        self.session = nil
        watch?.close()
        watch = nil
        PQfinish(session)
        for batch in inflight.removeAll() { batch.lose(error) }
    }

    private func fail(_ error: PostgresError) {
        guard session != nil else { return }
        let called = whenLost
        whenLost = nil
        close(error)
        called?(error)
    }

    /// Ends the session when the server has owed an answer for longer than its own limits allow: it hangs, or the network does.
    func failIfSilent() {
        guard let patience = inflight.first?.patience else { return }
        let silence = Duration.milliseconds(Int64(loop.milliseconds - lastProgress))
        if silence > patience { fail(.connectionLost("no answer for \(silence)")) }
    }

    // MARK: Sending

    /// Sends the commands as one batch with its own Sync, and returns without waiting.
    func send(
        _ commands: [Command], _ preparation: Preparation, startsUnit: Bool = false, timeout: Duration? = nil
    ) -> Batch {
        let batch = Batch()
        batch.patience = (timeout ?? options.statementTimeout) + options.patience
        guard session != nil else {
            batch.lose(.connectionLost("the connection is closed"))
            return batch
        }
        if preparation == .ahead || startsUnit {
            sendPrelude(preparation == .ahead ? commands : [], evicting: startsUnit)
        }
        for command in commands {
            guard put(command, into: batch) else {
                failSending(batch)
                return batch
            }
        }
        sync(batch)
        return batch
    }

    /// Prepares what `commands` need and forgets what has not been used for long, each in a batch of its own: no failure of one
    /// can skip another.
    private func sendPrelude(_ commands: [Command], evicting: Bool) {
        for command in commands {
            guard case .statement(let sql) = command.kind, statements.find(sql) == nil else { continue }
            let batch = Batch()
            guard prepare(sql, into: batch) != nil else { return failSending(batch) }
            sync(batch)
        }
        guard evicting else { return }
        for statement in statements.evict() {
            let batch = Batch()
            guard put(Command(kind: .text("deallocate \(statement.name)")), into: batch) else { return failSending(batch) }
            sync(batch)
        }
    }

    private func prepare(_ sql: SQL, into batch: Batch) -> Statement? {
        guard let session else { return nil }
        let statement = statements.add(sql)
        batch.steps.append(.prepare(statement))
        let types = statement.types.map(\.rawValue)
        guard PQsendPrepare(session, statement.name, sql.text, Int32(types.count), types) == 1 else { return nil }
        return statement
    }

    private func put(_ command: Command, into batch: Batch) -> Bool {
        guard let session else { return false }
        switch command.kind {
        case .control(let control):
            batch.steps.append(.command(wantsRows: command.wantsRows, command.phase, nil))
            return PQsendQueryPrepared(session, control.statementName, 0, nil, nil, nil, 1) == 1
        case .text(let text):
            batch.steps.append(.command(wantsRows: command.wantsRows, command.phase, nil))
            return PQsendQueryParams(session, text, 0, nil, nil, nil, nil, 1) == 1
        case .statement(let sql):
            guard let statement = statements.find(sql) ?? prepare(sql, into: batch) else { return false }
            batch.steps.append(.command(wantsRows: command.wantsRows, command.phase, statement))
            return sql.withParameters { parameters in
                let count = Int32(sql.bindCount)
                guard statement.matches(sql) else {
                    return PQsendQueryParams(
                        session, sql.text, count, parameters.types, parameters.values, parameters.lengths, parameters.formats, 1)
                        == 1
                }
                return PQsendQueryPrepared(
                    session, statement.name, count, parameters.values, parameters.lengths, parameters.formats, 1) == 1
            }
        }
    }

    private func sync(_ batch: Batch) {
        guard let session, PQpipelineSync(session) == 1 else { return failSending(batch) }
        if inflight.isEmpty { lastProgress = loop.milliseconds }
        inflight.append(batch)
        flush()
    }

    private func failSending(_ batch: Batch) {
        let words = session.map { PostgresError.lastWords(of: $0) } ?? "the connection is closed"
        fail(.connectionLost(words))
        batch.lose(.connectionLost(words))
    }

    /// Gives the socket what it takes; the rest goes when it is writable again.
    private func flush() {
        guard let session else { return }
        let result = PQflush(session)
        guard result >= 0 else { return fail(.connectionLost(PostgresError.lastWords(of: session))) }
        isWriteBlocked = result > 0
        watch?.update(events: isWriteBlocked ? [.readable, .writable] : .readable)
    }

    // MARK: Receiving

    private func socketIsReady(_ events: LoopEvents) {
        guard let session else { return }
        if events.contains(.writable) { flush() }
        guard isOpen else { return }
        // Also after .failed: reading is what tells why.
        guard PQconsumeInput(session) == 1 else {
            // What arrived before the end may hold the server's own reason.
            takeResults()
            return fail(.connectionLost(PostgresError.lastWords(of: session)))
        }
        takeResults()
        if events.contains(.failed) { fail(.connectionLost("the socket is in error")) }
    }

    /// Takes every answer that has arrived whole, never waiting for one.
    private func takeResults() {
        while let session, let batch = inflight.first, PQisBusy(session) == 0 {
            lastProgress = loop.milliseconds
            guard let result = PQgetResult(session) else {
                // One empty answer ends each command; two in a row mean that libpq and this queue disagree.
                emptyAnswers += 1
                if emptyAnswers > 1 { return fail(.connectionLost("the server answered out of order")) }
                batch.endStep()
                continue
            }
            emptyAnswers = 0
            take(result, for: batch)
        }
    }

    private func take(_ result: OpaquePointer, for batch: Batch) {
        let status = PQresultStatus(result)
        if status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK {
            take(answer: result, for: batch)
            return
        }
        defer { PQclear(result) }
        switch status {
        case PGRES_PIPELINE_SYNC:
            // No empty answer follows a Sync.
            _ = inflight.popFirst()
            batch.finish()
        case PGRES_PIPELINE_ABORTED:
            if case .prepare(let statement) = batch.nextStep { statements.drop(statement) }
        case PGRES_EMPTY_QUERY:
            batch.record(failure: .misuse("an empty statement"))
        case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
            fail(.misuse("COPY does not travel in a pipeline"))
        default:
            take(error: PostgresError(result: result), for: batch)
        }
    }

    private func take(error: PostgresError, for batch: Batch) {
        var error = error
        switch batch.nextStep {
        case .prepare(let statement):
            statement.refusal = error
            statements.drop(statement)
        case .command(_, _, let statement?) where error.sqlState == "26000":
            // Not "no such name", but why there is none.
            if let refusal = statement.refusal { error = refusal }
        default: break
        }
        if error.isStaleStatement { isStale = true }
        batch.record(failure: error)
        if PQstatus(session) == CONNECTION_BAD { fail(.connectionLost(error.message)) }
    }

    private func take(answer result: OpaquePointer, for batch: Batch) {
        switch batch.nextStep {
        case .prepare(let statement):
            statement.state = .ready
            PQclear(result)
        case .command(wantsRows: true, _, _):
            batch.record(rows: ResultBox(result))
        case .command(wantsRows: false, _, _):
            batch.record(tag: String(cString: PQcmdStatus(result)))
            PQclear(result)
        case nil:
            PQclear(result)
            fail(.connectionLost("the server answered out of order"))
        }
    }
}
