import CPostgres
import Loop

extension Connection {
    /// Opens a session without blocking the loop; only the look-up of a host name may block, a Unix socket never does.
    static func connect(
        _ options: ConnectionOptions, on loop: EventLoop, _ attempt: ConnectAttempt
    ) async throws -> OpaquePointer {
        loop.preconditionOnLoop()
        guard let session = options.start() else { throw PostgresError.connectionLost("out of memory") }
        do {
            try await poll(session, until: loop.milliseconds + options.connectTimeout.roundedUpMilliseconds, on: loop, attempt)
            return session
        } catch {
            PQfinish(session)
            throw error
        }
    }

    private static func poll(
        _ session: OpaquePointer, until deadline: UInt64, on loop: EventLoop, _ attempt: ConnectAttempt
    ) async throws {
        // As if the first answer had been "writing": so libpq wants it.
        var wanted: LoopEvents = .writable
        guard PQstatus(session) != CONNECTION_BAD else {
            throw PostgresError.connectionLost(PostgresError.lastWords(of: session))
        }
        while true {
            try await ready(PQsocket(session), for: wanted, until: deadline, on: loop, attempt)
            switch PQconnectPoll(session) {
            case PGRES_POLLING_OK: return
            case PGRES_POLLING_READING: wanted = .readable
            case PGRES_POLLING_WRITING: wanted = .writable
            default: throw PostgresError.connectionLost(PostgresError.lastWords(of: session))
            }
        }
    }

    /// Waits for the descriptor with a watch of its own: libpq may go on to another socket between two polls.
    private static func ready(
        _ descriptor: Int32, for events: LoopEvents, until deadline: UInt64, on loop: EventLoop, _ attempt: ConnectAttempt
    ) async throws {
        guard !attempt.isCancelled else { throw PostgresError.unavailable("the pool is closed") }
        let now = loop.milliseconds
        guard now < deadline else { throw PostgresError.connectionLost("connecting took too long") }
        let isReady = try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Bool, any Error>) in
            let step = ConnectStep(continuation)
            attempt.step = step
            do {
                let watch = try loop.watch(fd: descriptor) { _ in step.finish(true) }
                step.watch = watch
                step.timer = loop.schedule(after: .milliseconds(Int64(deadline - now))) { step.finish(false) }
                watch.update(events: events)
            } catch {
                continuation.resume(throwing: PostgresError.connectionLost("the socket cannot be watched: \(error)"))
            }
        }
        guard isReady else { throw PostgresError.connectionLost("connecting took too long") }
    }
}

/// The handle by which a pool that closes ends an attempt to connect. Belongs to the loop.
final class ConnectAttempt {
    fileprivate var step: ConnectStep?
    private(set) var isCancelled = false

    func cancel() {
        isCancelled = true
        step?.finish(false)
    }
}

/// One wait for a descriptor or the deadline, whichever comes first.
fileprivate final class ConnectStep {
    private var continuation: CheckedContinuation<Bool, any Error>?
    var watch: LoopWatch?
    var timer: LoopTimer?

    init(_ continuation: CheckedContinuation<Bool, any Error>) { self.continuation = continuation }

    func finish(_ isReady: Bool) {
        guard let waiting = continuation else { return }
        continuation = nil
        watch?.close()
        timer?.cancel()
        watch = nil
        timer = nil
        waiting.resume(returning: isReady)
    }
}
