import CCurl
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// One POST to an address that a customer gave.
package struct OutgoingRequest: Sendable {
    package let url: OutgoingURL
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]
    package let timeoutSeconds: Int

    package init(url: OutgoingURL, headers: [(name: String, value: String)], body: [UInt8], timeoutSeconds: Int) {
        self.url = url
        self.headers = headers
        self.body = body
        self.timeoutSeconds = timeoutSeconds
    }
}

package struct OutgoingReply: Sendable {
    package let status: Int
    /// At most `OutgoingHTTP.replyBytes`; what came after that was not read.
    package let body: [UInt8]
    package let isCut: Bool
    package let retryAfter: String?

    package init(status: Int, body: [UInt8] = [], isCut: Bool = false, retryAfter: String? = nil) {
        self.status = status
        self.body = body
        self.isCut = isCut
        self.retryAfter = retryAfter
    }
}

/// Why there is no reply.
package enum OutgoingFault: String, Error, Sendable, CaseIterable {
    /// The name leads to an address that must not be asked.
    case addressRefused = "address_refused"
    case unresolved
    case unreachable
    case timedOut = "timed_out"
    case tls
    /// The connection ended, or what came was no HTTP.
    case broken
    /// The server was told to stop; it is not known whether the request arrived.
    case stopped
}

package struct OutgoingResult: Sendable {
    package let outcome: Result<OutgoingReply, OutgoingFault>
    package let milliseconds: Int

    package init(outcome: Result<OutgoingReply, OutgoingFault>, milliseconds: Int) {
        self.outcome = outcome
        self.milliseconds = milliseconds
    }
}

/// Many requests at once on one thread of their own, by libcurl's multi interface: a receiver that does not answer holds nobody else up.
///
/// Redirects are not followed. Every address that a name leads to is looked at when its socket is opened, so that a name which means one thing when
/// it is saved and another when it is asked gains nothing.
// The multi handle and the exchanges belong to the thread; others only append to `state` and wake it up (`curl_multi_wakeup` may be called from any thread).
package final class OutgoingHTTP: @unchecked Sendable {
    package static let replyBytes = 64 * 1024
    private static let isReady: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
    /// What is on its way gets this long after `stop`.
    private static let stopSeconds: Int64 = 3

    private struct Job {
        let request: OutgoingRequest
        let done: @Sendable (OutgoingResult) -> Void
    }
    private struct State {
        var waiting: [Job] = []
        var isStopping = false
        var thread: pthread_t?
    }

    private let policy: AddressPolicy
    private let multi: UnsafeMutableRawPointer?
    private let state = Mutex(State())
    private var exchanges: [UnsafeMutableRawPointer: Exchange] = [:]

    package init(_ policy: AddressPolicy) {
        self.policy = policy
        multi = Self.isReady ? curl_multi_init() : nil
    }

    deinit { if let multi { curl_multi_cleanup(multi) } }

    package func send(_ request: OutgoingRequest) async -> OutgoingResult {
        await withCheckedContinuation { continuation in
            let job = Job(request: request) { continuation.resume(returning: $0) }
            let isTaken = state.withLock { state in
                guard !state.isStopping, multi != nil else { return false }
                state.waiting.append(job)
                if state.thread == nil { state.thread = begin() }
                return state.thread != nil
            }
            guard isTaken else { return job.done(OutgoingResult(outcome: .failure(.stopped), milliseconds: 0)) }
            curl_multi_wakeup(multi)
        }
    }

    /// Begins nothing new, gives what is on its way a moment, and ends the thread. Blocks.
    package func stop() {
        let thread = state.withLock { state in
            state.isStopping = true
            defer { state.thread = nil }
            return state.thread
        }
        if let multi { curl_multi_wakeup(multi) }
        if let thread { pthread_join(thread, nil) }
    }

    private func begin() -> pthread_t? {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self)
        let code = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<OutgoingHTTP>.fromOpaque(context).takeRetainedValue().work() }
                return nil
            }, context.toOpaque())
        guard code == 0 else {
            context.release()
            return nil
        }
        return thread
    }

    // MARK: On the thread

    private func work() {
        var deadline: Int64?
        while true {
            let (jobs, isStopping) = state.withLock { state in
                defer { state.waiting = [] }
                return (state.waiting, state.isStopping)
            }
            for job in jobs { start(job) }
            if isStopping && deadline == nil { deadline = Self.seconds() + Self.stopSeconds }
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            collect()
            if isStopping && exchanges.isEmpty && state.withLock({ $0.waiting.isEmpty }) { return }
            if let deadline, Self.seconds() >= deadline {
                for (curl, exchange) in exchanges { end(curl, exchange, .failure(.stopped)) }
            }
            curl_multi_poll(multi, nil, 0, isStopping ? 100 : 1_000, nil)
        }
    }

    private static func seconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec)
    }

    private func start(_ job: Job) {
        guard let curl = curl_easy_init() else {
            return job.done(OutgoingResult(outcome: .failure(.unreachable), milliseconds: 0))
        }
        let exchange = Exchange(job.request, policy, job.done)
        exchange.configure(curl)
        exchanges[curl] = exchange
        curl_multi_add_handle(multi, curl)
    }

    private func collect() {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let curl = message.pointee.easy_handle, let exchange = exchanges[curl]
            else {
                continue
            }
            end(curl, exchange, exchange.outcome(message.pointee.data.result, curl))
        }
    }

    private func end(_ curl: UnsafeMutableRawPointer, _ exchange: Exchange, _ outcome: Result<OutgoingReply, OutgoingFault>) {
        var elapsed: curl_off_t = 0
        _ = bursar_curl_microseconds(curl, &elapsed)
        curl_multi_remove_handle(multi, curl)
        curl_easy_cleanup(curl)
        exchanges[curl] = nil
        exchange.free()
        exchange.done(OutgoingResult(outcome: outcome, milliseconds: Int(elapsed / 1_000)))
    }
}
