import CUV

extension EventLoop {
    /// Calls `body` on the loop whenever the process receives the signal (SIGTERM, SIGINT …), until closed. On the loop.
    package func onSignal(_ number: Int32, _ body: @escaping () -> Void) throws(LoopError) -> LoopSignal {
        try LoopSignal(loop: self, number: number, body)
    }
}

/// A signal that is listened to.
package final class LoopSignal: LoopHandle, @unchecked Sendable {
    // As LoopHandle: on the loop only.
    private var body: (() -> Void)?

    fileprivate init(loop: EventLoop, number: Int32, _ body: @escaping () -> Void) throws(LoopError) {
        self.body = body
        try super.init(loop: loop, uv_signal_t.self) { uv_signal_init(loop.uv, $0) }
        let result = uv_signal_start(
            pointer(as: uv_signal_t.self),
            { signal, _ in
                loopOwner(signal!.pointee.data, as: LoopSignal.self).body?()
            }, number)
        guard result >= 0 else {
            close()
            throw LoopError(code: result)
        }
    }

    package override func willClose() { body = nil }
}
