import CUV

extension EventLoop {
    /// Calls `body` on the loop once, at least `duration` from now. On the loop.
    @discardableResult
    package func schedule(after duration: Duration, _ body: @escaping () -> Void) -> LoopTimer {
        LoopTimer(loop: self, after: duration.roundedUpMilliseconds, every: 0, body)
    }

    /// Calls `body` on the loop again and again until the timer is cancelled. On the loop.
    package func schedule(every interval: Duration, _ body: @escaping () -> Void) -> LoopTimer {
        let milliseconds = max(1, interval.roundedUpMilliseconds)
        return LoopTimer(loop: self, after: milliseconds, every: milliseconds, body)
    }
}

/// A call that is due later. Lives until it has fired (unless it repeats), is cancelled, or the loop ends.
package final class LoopTimer: LoopHandle, @unchecked Sendable {
    // As LoopHandle: on the loop only.
    private var body: (() -> Void)?
    private let isRepeating: Bool
    /// Set by whoever must hear that the timer will never fire, because it was cancelled or the loop ended.
    package var onCancel: (() -> Void)?

    fileprivate init(loop: EventLoop, after: UInt64, every: UInt64, _ body: @escaping () -> Void) {
        self.body = body
        isRepeating = every > 0
        super.init(loop: loop, byteCount: MemoryLayout<uv_timer_t>.size)
        do throws(LoopError) {
            try start { (timer: UnsafeMutablePointer<uv_timer_t>) in uv_timer_init(loop.uv, timer) }
        } catch {
            fatalError("uv_timer_init: \(error)")
        }
        // libuv counts from the start of the loop's turn; without a fresh reading a long turn would shorten the wait.
        uv_update_time(loop.uv)
        uv_timer_start(
            pointer(as: uv_timer_t.self), { timer in loopOwner(timer!.pointee.data, as: LoopTimer.self).fire() }, after, every)
    }

    /// After this the body is not called any more. The second call, and one after firing, do nothing. On the loop.
    package func cancel() { close() }

    private func fire() {
        guard let body else { return }
        if isRepeating {
            body()
        } else {
            onCancel = nil
            close()
            body()
        }
    }

    override package func willClose() {
        body = nil
        let cancelled = onCancel
        onCancel = nil
        cancelled?()
    }
}

/// The waiting half of `EventLoop.sleep`.
///
/// `@unchecked Sendable`: `begin` and `cancel` only pass a message; the state is touched on the loop's thread alone.
final class LoopSleeper: @unchecked Sendable {
    private let loop: EventLoop
    private var isCancelled = false
    private var timer: LoopTimer?
    private var continuation: CheckedContinuation<Void, any Error>?

    init(loop: EventLoop) { self.loop = loop }

    func begin(_ duration: Duration, _ continuation: CheckedContinuation<Void, any Error>) {
        let isAccepted = loop.execute { [self] in
            guard !isCancelled, loop.isCurrent else { return continuation.resume(throwing: CancellationError()) }
            self.continuation = continuation
            let timer = loop.schedule(after: duration) { [self] in resume(with: .success(())) }
            timer.onCancel = { [self] in resume(with: .failure(CancellationError())) }
            self.timer = timer
        }
        if !isAccepted { continuation.resume(throwing: CancellationError()) }
    }

    func cancel() {
        loop.execute { [self] in
            isCancelled = true
            timer?.cancel()
        }
    }

    private func resume(with result: Result<Void, any Error>) {
        timer = nil
        let waiting = continuation
        continuation = nil
        waiting?.resume(with: result)
    }
}

extension Duration {
    /// Whole milliseconds, never fewer than asked for; zero for a negative duration.
    package var roundedUpMilliseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        return UInt64(seconds) * 1_000 + UInt64((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
