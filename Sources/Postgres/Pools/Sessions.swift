import Loop

/// Opens the sessions of a pool, again and again while the server is away.
///
/// Belongs to its loop; `@unchecked Sendable` because the opening task captures it, and that task runs on the loop only.
final class Sessions: @unchecked Sendable {
    private static let backoffFirst = Duration.milliseconds(50)
    /// Short enough to be ready within two seconds of the server's return.
    private static let backoffLongest = Duration.milliseconds(500)

    let loop: EventLoop
    let options: ConnectionOptions
    private(set) var opening = 0
    private(set) var isClosed = false
    private(set) var open: [Connection] = []
    private var attempts: [ConnectAttempt] = []
    private(set) var opened = 0
    private(set) var lost = 0
    private(set) var reconnects = 0
    /// Why the latest attempt failed; nil after a success.
    private(set) var lastFailure: String?
    /// A session is ready.
    var whenOpened: ((Connection) -> Void)?
    /// A session broke by itself.
    var whenLost: ((Connection) -> Void)?
    /// Asked before each further attempt: how many sessions are wanted.
    var wanted: () -> Int = { 0 }

    init(loop: EventLoop, options: ConnectionOptions) {
        self.loop = loop
        self.options = options
    }

    /// Starts to open as many as are wanted and missing.
    func replenish() {
        guard !isClosed else { return }
        while open.count + opening < wanted() {
            opening += 1
            loop.spawn { [self] in await openOne() }
        }
    }

    private func openOne() async {
        var backoff = Self.backoffFirst
        while !isClosed {
            do {
                let attempt = ConnectAttempt()
                attempts.append(attempt)
                defer { attempts.removeAll { $0 === attempt } }
                let connection = try await Connection.open(options, on: loop, attempt)
                opening -= 1
                return accept(connection)
            } catch {
                lastFailure = (error as? PostgresError)?.description ?? "\(error)"
            }
            // Half of it by chance, so that many do not come back in step.
            let half = Int64(backoff / .milliseconds(2))
            let pause = Duration.milliseconds(half + Int64.random(in: 0...half))
            guard (try? await loop.sleep(for: pause)) != nil else { break }
            backoff = min(backoff * 2, Self.backoffLongest)
            if isClosed || open.count + opening > wanted() { break }
        }
        opening -= 1
    }

    private func accept(_ connection: Connection) {
        guard !isClosed else { return connection.close() }
        lastFailure = nil
        opened += 1
        if reconnects < lost { reconnects += 1 }
        open.append(connection)
        connection.whenLost = { [weak self, weak connection] _ in
            guard let self, let connection else { return }
            lost += 1
            remove(connection)
            whenLost?(connection)
            replenish()
        }
        whenOpened?(connection)
    }

    private func remove(_ connection: Connection) {
        open.removeAll { $0 === connection }
    }

    /// The part of a pool's counters that is about its sessions.
    func count(into counters: inout PoolCounters) {
        counters.open = open.count
        counters.opened = opened
        counters.lost = lost
        counters.reconnects = reconnects
    }

    /// Ends a session that is not to be used any more.
    func retire(_ connection: Connection) {
        remove(connection)
        connection.close()
        replenish()
    }

    /// Ends the sessions that hang.
    func failSilent() {
        for connection in open { connection.failIfSilent() }
    }

    func close() {
        isClosed = true
        let all = open
        open = []
        for attempt in attempts { attempt.cancel() }
        for connection in all { connection.close(.unavailable("the pool is closed")) }
    }
}
