import Glibc
import Synchronization

/// Watches over the postmaster of the folder that we hold, and starts it again when it dies.
///
/// `@unchecked Sendable`: the postmaster's process is behind the mutex, which is held for the whole of a start or a stop; the lock
/// object is touched by `init` and, once, by `stop`.
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
    private let state: Mutex<State>

    init(postmaster: Postmaster, process: pid_t, isChild: Bool, lock: FolderLock, isDisposable: Bool) {
        self.postmaster = postmaster
        self.isDisposable = isDisposable
        state = Mutex(State(process: process, isChild: isChild, lock: lock))
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

    var process: pid_t { state.withLock { $0.process } }

    private func watch() {
        var pause = Self.lookMicroseconds
        while true {
            usleep(pause)
            let mustGoOn = state.withLock { state -> Bool in
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
        state.withLock { state in
            guard !state.isStopped else { return }
            state.isStopped = true
            postmaster.stop(state.process, isChild: state.isChild, immediately: isDisposable)
            state.lock = nil
        }
    }
}
