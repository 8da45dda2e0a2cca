import CUV

/// A bounded set of threads for work that would hold a loop up: password hashes, documents, blocking C calls.
///
/// `@unchecked Sendable`: `waiting`, `isStopping` and `threads` are only touched between `lock` and `unlock`.
package final class LoopWorkers: @unchecked Sendable {
    /// Refusals of `run` itself.
    package enum Refusal: Error, Equatable {
        /// More work is waiting than this pool was told to hold; answer 503.
        case tooMuchWaiting
        case stopped
    }

    private let mutex: UnsafeMutablePointer<uv_mutex_t>
    private let condition: UnsafeMutablePointer<uv_cond_t>
    private let waitingMaximum: Int
    private static let takenMaximum = 64
    private var waiting: [@Sendable () -> Void] = []
    private var next = 0
    private var isStopping = false
    private var threads: [uv_thread_t] = []

    /// Starts `threads` threads. At most `waitingMaximum` pieces of work wait for one; more are refused.
    package init(threads count: Int, waitingMaximum: Int) {
        precondition(count > 0 && waitingMaximum > 0)
        self.waitingMaximum = waitingMaximum
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        requireUV(uv_mutex_init(mutex), "uv_mutex_init")
        requireUV(uv_cond_init(condition), "uv_cond_init")
        for _ in 0..<count {
            var thread = uv_thread_t()
            // Each thread holds the pool alive until shutdown lets it go.
            let argument = Unmanaged.passRetained(self).toOpaque()
            let result = uv_thread_create(
                &thread, { Unmanaged<LoopWorkers>.fromOpaque($0!).takeRetainedValue().work() }, argument)
            requireUV(result, "uv_thread_create")
            threads.append(thread)
        }
    }

    deinit {
        uv_cond_destroy(condition)
        uv_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Runs `body` on one of the threads and resumes the caller on the caller's own executor. Throws what `body` throws, or a
    /// `Refusal` when `body` was never started. Work that has begun is not interrupted by cancellation.
    package func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            let refusal = submit { continuation.resume(with: Result { try body() }) }
            if let refusal { continuation.resume(throwing: refusal) }
        }
    }

    /// Refuses new work, finishes what was accepted, ends the threads and waits for them. Blocks; not from a worker.
    package func shutdown() {
        uv_mutex_lock(mutex)
        isStopping = true
        var stopped = threads
        threads = []
        uv_cond_broadcast(condition)
        uv_mutex_unlock(mutex)
        for index in stopped.indices { uv_thread_join(&stopped[index]) }
    }

    private func submit(_ work: @escaping @Sendable () -> Void) -> Refusal? {
        uv_mutex_lock(mutex)
        defer { uv_mutex_unlock(mutex) }
        if isStopping { return .stopped }
        if waiting.count - next >= waitingMaximum { return .tooMuchWaiting }
        waiting.append(work)
        uv_cond_signal(condition)
        return nil
    }

    private func work() {
        while let body = takeNext() { body() }
    }

    /// The oldest waiting work; waits for one. Nil when the pool is stopping and empty.
    private func takeNext() -> (@Sendable () -> Void)? {
        uv_mutex_lock(mutex)
        defer { uv_mutex_unlock(mutex) }
        while next == waiting.count {
            if isStopping { return nil }
            uv_cond_wait(condition, mutex)
        }
        let body = waiting[next]
        next += 1
        // Under constant load the queue never runs empty, so what was taken is also dropped in slices.
        if next == waiting.count || next == Self.takenMaximum {
            waiting.removeFirst(next)
            next = 0
        }
        return body
    }
}
