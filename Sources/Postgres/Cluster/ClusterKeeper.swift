import Glibc

/// Watches over the postmaster of the folder that we hold, and starts it again when it dies.
///
/// `@unchecked Sendable`: `state` is touched only in `withState`, between lock and unlock, and by `init` before the thread exists. The
/// mutex is held for the whole of a start or a stop, so that they exclude each other; it is a pthread mutex because others wait
/// for it that long, and the thread sanitizer does not see the waiting path of the library's own.
final class ClusterKeeper: @unchecked Sendable {
    private struct State {
        var process: pid_t
        var isChild: Bool
        var isStopped = false
        var lock: FolderLock?
    }
    private static let lookMicroseconds: UInt32 = 100_000
    private static let pauseLongest: UInt32 = 5_000_000

    private let postmaster: Postmaster
    private let isDisposable: Bool
    private var state: State
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>

    init(postmaster: Postmaster, process: pid_t, isChild: Bool, lock: FolderLock, isDisposable: Bool) {
        self.postmaster = postmaster
        self.isDisposable = isDisposable
        state = State(process: process, isChild: isChild, lock: lock)
        mutex = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        var thread = pthread_t()
        let argument = Unmanaged.passRetained(self).toOpaque()
        let result = pthread_create(
            &thread, nil,
            { argument in
                Unmanaged<ClusterKeeper>.fromOpaque(argument!).takeRetainedValue().watch()
                return nil
            }, argument)
        guard result == 0 else { fatalError("pthread_create: \(String(cString: strerror(result)))") }
        pthread_detach(thread)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    private func withState<R>(_ body: (inout State) -> R) -> R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body(&state)
    }

    var process: pid_t { withState { $0.process } }

    private func watch() {
        var pause = Self.lookMicroseconds
        while true {
            usleep(pause)
            let mustGoOn = withState { state -> Bool in
                if state.isStopped { return false }
                guard postmaster.hasEnded(state.process, isChild: state.isChild) else {
                    pause = Self.lookMicroseconds
                    return true
                }
                do {
                    let (process, isAdopted) = try postmaster.adoptOrStart()
                    state.process = process
                    state.isChild = !isAdopted
                    pause = Self.lookMicroseconds
                } catch {
                    // PostgreSQL's own log says why; a full disk may have room again later.
                    pause = min(pause * 2, Self.pauseLongest)
                }
                return true
            }
            if !mustGoOn { return }
        }
    }

    func stop() {
        withState { state in
            guard !state.isStopped else { return }
            state.isStopped = true
            postmaster.stop(state.process, isChild: state.isChild, immediately: isDisposable)
            rmdir(postmaster.places.sockets)
            state.lock = nil
        }
    }
}
