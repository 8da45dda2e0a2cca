import CUV

/// An object that owns one libuv handle. The loop keeps it alive from its start until `close`, whoever forgets it.
///
/// `@unchecked Sendable`: every method traps away from the loop's thread, so there is never more than one thread inside.
package class LoopHandle: @unchecked Sendable {
    package let loop: EventLoop
    /// False from `close` on; the handle's memory is freed a turn of the loop later.
    package private(set) var isOpen = true
    package let handle: UnsafeMutablePointer<uv_handle_t>

    /// Allocates the memory of one libuv handle; `start` is given that memory and must call the matching `uv_…_init`. Its
    /// failure is thrown and nothing is left behind. On the loop.
    package init<Handle>(
        loop: EventLoop, _ type: Handle.Type, start: (UnsafeMutablePointer<Handle>) -> Int32
    ) throws(LoopError) {
        loop.preconditionOnLoop()
        self.loop = loop
        let memory = UnsafeMutablePointer<Handle>.allocate(capacity: 1)
        handle = handlePointer(memory)
        let result = start(memory)
        guard result >= 0 else {
            isOpen = false
            memory.deallocate()
            throw LoopError(code: result)
        }
        handle.pointee.data = Unmanaged.passRetained(self).toOpaque()
    }

    /// The handle as its own libuv type.
    package func pointer<Handle>(as type: Handle.Type) -> UnsafeMutablePointer<Handle> {
        UnsafeMutableRawPointer(handle).assumingMemoryBound(to: type)
    }

    /// Ends the handle; the second call does nothing. The loop calls it itself when it shuts down. On the loop.
    package func close() {
        // First the question that a task which outlives its loop may ask: by then the loop has closed everything.
        guard isOpen else { return }
        loop.preconditionOnLoop()
        isOpen = false
        uv_close(handle) { handle in
            let owner = Unmanaged<LoopHandle>.fromOpaque(handle!.pointee.data)
            handle!.pointee.data = nil
            UnsafeMutableRawPointer(handle!).deallocate()
            owner.takeUnretainedValue().didClose()
            owner.release()
        }
        willClose()
    }

    /// For subclasses: called once as soon as `close` begins.
    package func willClose() {}

    /// For subclasses: called once when libuv has let go of the handle; no callback comes after it.
    package func didClose() {}
}

/// The owner of a handle inside one of its C callbacks.
package func loopOwner<Owner: LoopHandle>(_ data: UnsafeMutableRawPointer, as type: Owner.Type) -> Owner {
    // The only writer of `data` is LoopHandle.init of the very object whose callback this is.
    unsafeDowncast(Unmanaged<LoopHandle>.fromOpaque(data).takeUnretainedValue(), to: type)
}

/// A libuv call has failed; `code` is its negative error number.
package struct LoopError: Error, Equatable, CustomStringConvertible {
    package let code: Int32
    package init(code: Int32) { self.code = code }
    package var description: String { uvMessage(code) }
}
