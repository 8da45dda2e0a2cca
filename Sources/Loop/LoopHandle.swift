import CUV

/// An object that owns one libuv handle. The loop keeps it alive from its start until `close`, whoever forgets it.
///
/// `@unchecked Sendable`: every method traps away from the loop's thread, so there is never more than one thread inside.
///
/// `open` because a module border has no narrower word for "may be inherited from".
open class LoopHandle: @unchecked Sendable {
    package let loop: EventLoop
    /// False from `close` on; the handle's memory is freed a turn of the loop later.
    package private(set) var isOpen = true
    package let handle: UnsafeMutablePointer<uv_handle_t>

    /// Allocates the memory of one libuv handle of `byteCount` bytes. `start` must follow. On the loop.
    ///
    /// `public` although nobody outside the package can call it: for a subclass in another module the compiler (6.3) turns a
    /// `package` initialiser of an open class into one that calls itself for ever.
    public init(loop: EventLoop, byteCount: Int) {
        loop.preconditionOnLoop()
        self.loop = loop
        let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 16)
        handle = memory.assumingMemoryBound(to: uv_handle_t.self)
    }

    /// Calls the matching `uv_…_init` for the memory. Its failure is thrown and nothing is left behind.
    package func start<Handle>(_ initialise: (UnsafeMutablePointer<Handle>) -> Int32) throws(LoopError) {
        let result = initialise(pointer(as: Handle.self))
        guard result >= 0 else {
            isOpen = false
            UnsafeMutableRawPointer(handle).deallocate()
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
    open func willClose() {}

    /// For subclasses: called once when libuv has let go of the handle; no callback comes after it.
    open func didClose() {}
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
