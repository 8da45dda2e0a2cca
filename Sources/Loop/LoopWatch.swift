import CUV

/// What a watched descriptor is ready for.
package struct LoopEvents: OptionSet, Sendable {
    package let rawValue: Int32
    package init(rawValue: Int32) { self.rawValue = rawValue }
    package static let readable = LoopEvents(rawValue: Int32(UV_READABLE.rawValue))
    package static let writable = LoopEvents(rawValue: Int32(UV_WRITABLE.rawValue))
    /// The peer has closed its side. Only reported when asked for.
    package static let disconnected = LoopEvents(rawValue: Int32(UV_DISCONNECT.rawValue))
    /// The descriptor is in error; reported unasked, and nothing is watched any more until the next `update`.
    package static let failed = LoopEvents(rawValue: 1 << 16)
}

extension EventLoop {
    /// Prepares to watch a descriptor that somebody else (libpq, a pipe) owns. Nothing is reported before `update`. On the loop.
    package func watch(
        fd descriptor: Int32, _ body: @escaping (LoopEvents) -> Void
    ) throws(LoopError) -> LoopWatch {
        try LoopWatch(loop: self, descriptor: descriptor, body)
    }
}

/// Readiness of a descriptor. Call `close` before the owner closes the descriptor.
package final class LoopWatch: LoopHandle, @unchecked Sendable {
    // As LoopHandle: on the loop only.
    private var body: ((LoopEvents) -> Void)?
    private var events: LoopEvents = []

    fileprivate init(loop: EventLoop, descriptor: Int32, _ body: @escaping (LoopEvents) -> Void) throws(LoopError) {
        self.body = body
        super.init(loop: loop, byteCount: MemoryLayout<uv_poll_t>.size)
        try start { (handle: UnsafeMutablePointer<uv_poll_t>) in uv_poll_init(loop.uv, handle, descriptor) }
    }

    /// Says which events are wanted from now on; none stops. Level-triggered: an event repeats while it holds. Costs nothing
    /// when the wish is unchanged. On the loop.
    package func update(events: LoopEvents) {
        guard isOpen, events != self.events else { return }
        loop.preconditionOnLoop()
        self.events = events
        let poll = pointer(as: uv_poll_t.self)
        if events.isEmpty {
            uv_poll_stop(poll)
        } else {
            uv_poll_start(poll, events.rawValue) { poll, status, events in
                loopOwner(poll!.pointee.data, as: LoopWatch.self).report(status: status, events: events)
            }
        }
    }

    private func report(status: Int32, events: Int32) {
        guard let body else { return }
        if status < 0 {
            // libuv has stopped the watch; remember that, so that the same wish starts it again.
            uv_poll_stop(pointer(as: uv_poll_t.self))
            self.events = []
            body(.failed)
        } else {
            body(LoopEvents(rawValue: events))
        }
    }

    override package func willClose() { body = nil }
}
