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
        super.init(loop: loop, byteCount: MemoryLayout<uv_signal_t>.size)
        try start { (handle: UnsafeMutablePointer<uv_signal_t>) in uv_signal_init(loop.uv, handle) }
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

    override package func willClose() { body = nil }
}
