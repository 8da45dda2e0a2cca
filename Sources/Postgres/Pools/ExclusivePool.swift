import Loop

/// Sessions that are handed to one user at a time, first come, first served.
///
/// Opens them when they are needed, up to a maximum. Belongs to a loop; `@unchecked Sendable` because every user of it is
/// checked to be on that loop.
final class ExclusivePool: @unchecked Sendable {
    private static let tick = Duration.milliseconds(250)

    let loop: EventLoop
    let sessions: Sessions
    private let maximum: Int
    private let waitLimit: Duration
    private var idle: [Connection] = []
    private var waiting = Queue<Waiter>()
    private var timer: LoopTimer?
    var counts = PoolCounters()

    private final class Waiter {
        let deadline: UInt64
        var continuation: CheckedContinuation<Void, Never>?
        var connection: Connection?
        var refusal = PostgresError.unavailable("the pool is closed")

        init(deadline: UInt64) { self.deadline = deadline }

        func finish() {
            let waiting = continuation
            continuation = nil
            waiting?.resume()
        }
    }

    init(loop: EventLoop, options: ConnectionOptions, maximum: Int, waitLimit: Duration) {
        self.loop = loop
        self.maximum = maximum
        self.waitLimit = waitLimit
        sessions = Sessions(loop: loop, options: options)
    }

    /// `warm`: sessions that are opened at once and again after a loss.
    func start(warm: Int) {
        loop.preconditionOnLoop()
        sessions.wanted = { [weak self] in
            guard let self else { return 0 }
            return min(maximum, max(warm, counts.inUse + waiting.count))
        }
        sessions.whenOpened = { [weak self] connection in self?.offer(connection) }
        sessions.whenLost = { [weak self] connection in self?.idle.removeAll { $0 === connection } }
        sessions.replenish()
        timer = loop.schedule(every: Self.tick) { [weak self] in self?.lookAtClock() }
    }

    func close() {
        loop.preconditionOnLoop()
        timer?.cancel()
        timer = nil
        idle = []
        sessions.close()
        for waiter in waiting.removeAll() { waiter.finish() }
    }

    var counters: PoolCounters {
        var counters = counts
        sessions.count(into: &counters)
        counters.waiting = waiting.count
        return counters
    }

    /// A session with nothing under way and no transaction open. Give it back, whatever happens. On the loop.
    func checkOut() async throws -> Connection {
        loop.preconditionOnLoop()
        while let connection = idle.popLast() {
            if isFit(connection) {
                counts.inUse += 1
                return connection
            }
            sessions.retire(connection)
        }
        guard !sessions.isClosed else { throw PostgresError.unavailable("the pool is closed") }
        let waiter = Waiter(deadline: loop.milliseconds + waitLimit.roundedUpMilliseconds)
        await withCheckedContinuation { continuation in
            waiter.continuation = continuation
            waiting.append(waiter)
            sessions.replenish()
        }
        guard let connection = waiter.connection else { throw waiter.refusal }
        return connection
    }

    func giveBack(_ connection: Connection) {
        counts.inUse -= 1
        if isFit(connection) { offer(connection) } else { sessions.retire(connection) }
    }

    /// The guard against anything of one scope reaching the next.
    private func isFit(_ connection: Connection) -> Bool { connection.isOpen && connection.isIdle && !connection.isStale }

    private func offer(_ connection: Connection) {
        guard let waiter = waiting.popFirst() else {
            idle.append(connection)
            return
        }
        counts.inUse += 1
        waiter.connection = connection
        waiter.finish()
    }

    private func lookAtClock() {
        let now = loop.milliseconds
        let late = waiting.remove { $0.deadline <= now }
        counts.refused += late.count
        let reason = sessions.lastFailure ?? "all sessions are busy"
        for waiter in late {
            waiter.refusal = .unavailable("no session in time: \(reason)")
            waiter.finish()
        }
        sessions.failSilent()
        sessions.replenish()
    }
}
