import FoundationEssentials
import Loop

/// Sessions that are handed to one user at a time: first come, first served within a scope, and the scopes in turn. No scope has all of them.
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
    private let scopeMaximum: Int
    private let sharedScopeMaximum: Int
    private let neighbours: Neighbours?
    private var waiting = FairQueue<Waiter>()
    private var held = ScopeCounts()
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

    /// `scopeMaximum`: as many sessions may users of one scope hold at once; `sharedScopeMaximum` while another scope asks too.
    /// `neighbours` nil: the scopes take turns and no more, as reports do, which last as long as their reader takes.
    init(
        loop: EventLoop, options: ConnectionOptions, maximum: Int, scopeMaximum: Int, sharedScopeMaximum: Int,
        waitLimit: Duration, neighbours: Neighbours?
    ) {
        self.loop = loop
        self.neighbours = neighbours
        self.maximum = maximum
        self.scopeMaximum = scopeMaximum
        self.sharedScopeMaximum = sharedScopeMaximum
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
        neighbours?.end()
    }

    var counters: PoolCounters {
        var counters = counts
        sessions.count(into: &counters)
        counters.waiting = waiting.count
        return counters
    }

    /// A session with nothing under way and no transaction open. Give it back, whatever happens. On the loop.
    func checkOut(for scope: UUID?, isAsked: Bool = true) async throws -> Connection {
        loop.preconditionOnLoop()
        if isAsked { neighbours?.note(scope) }
        // Where sessions are idle, everybody who waits is of a scope that has its share.
        if held.isBelow(share, scope), let connection = popIdle() {
            hand(connection, to: scope)
            return connection
        }
        guard !sessions.isClosed else { throw PostgresError.unavailable("the pool is closed") }
        let waiter = Waiter(deadline: loop.milliseconds + waitLimit.roundedUpMilliseconds)
        await withCheckedContinuation { continuation in
            waiter.continuation = continuation
            waiting.append(waiter, of: scope)
            sessions.replenish()
        }
        guard let connection = waiter.connection else { throw waiter.refusal }
        return connection
    }

    private var share: Int { neighbours?.areThere == true ? sharedScopeMaximum : scopeMaximum }

    private func hand(_ connection: Connection, to scope: UUID?) {
        counts.inUse += 1
        held.begin(scope)
        connection.handedOutAt = loop.milliseconds
    }

    func giveBack(_ connection: Connection, of scope: UUID?) {
        counts.inUse -= 1
        let free = { [self] in
            held.end(scope)
            serve()
        }
        if let neighbours {
            let milliseconds = loop.milliseconds - connection.handedOutAt
            neighbours.rest(held: .milliseconds(Int64(milliseconds)), waiting: waiting.count(of: scope), free)
        } else {
            free()
        }
        if isFit(connection) { idle.append(connection) } else { sessions.retire(connection) }
        serve()
    }

    private func popIdle() -> Connection? {
        while let connection = idle.popLast() {
            if isFit(connection) { return connection }
            sessions.retire(connection)
        }
        return nil
    }

    /// The guard against anything of one scope reaching the next.
    private func isFit(_ connection: Connection) -> Bool { connection.isOpen && connection.isIdle && !connection.isStale }

    private func offer(_ connection: Connection) {
        idle.append(connection)
        serve()
    }

    private func serve() {
        while !waiting.isEmpty, let connection = popIdle() {
            guard let (waiter, scope) = waiting.popFirst(where: { held.isBelow(share, $0) }) else {
                idle.append(connection)
                return
            }
            hand(connection, to: scope)
            waiter.connection = connection
            waiter.finish()
        }
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
        // What was held back because others asked may go on when they have stopped.
        serve()
    }
}
