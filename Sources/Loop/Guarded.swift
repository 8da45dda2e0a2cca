import CUV

/// State behind a lock of the system's own kind. `Synchronization.Mutex` would do the same, but ThreadSanitizer cannot see it on
/// Linux and would report every queue between threads as a race.
///
/// `@unchecked Sendable`: `state` is only reached between lock and unlock.
final class Guarded<State>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<uv_mutex_t>
    private var state: State

    init(_ state: State) {
        self.state = state
        mutex = .allocate(capacity: 1)
        requireUV(uv_mutex_init(mutex), "uv_mutex_init")
    }

    deinit {
        uv_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Short and without calls that may wait.
    func withLock<T>(_ body: (inout State) -> T) -> T {
        uv_mutex_lock(mutex)
        defer { uv_mutex_unlock(mutex) }
        return body(&state)
    }
}
