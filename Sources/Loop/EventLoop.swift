import CUV
import Glibc
import Synchronization

/// A thread that runs a libuv loop and is, at the same time, the Swift executor of the tasks that belong to it.
///
/// A task started with `spawn` or `run` executes on this thread between two polls of the loop, so a handler, its socket and
/// its database connection never hop and need no lock. Everything marked "on the loop" traps when called from elsewhere.
///
/// `@unchecked Sendable`: what other threads touch (`inbox`) is behind a mutex; every other stored `var` is read and written
/// on the loop's thread only, after `init` has handed the object to that thread through `uv_thread_create`, which orders memory.
public final class EventLoop: TaskExecutor, @unchecked Sendable {
    package let name: String
    /// The libuv loop, for the modules that add handles of their own. On the loop only.
    package let uv: UnsafeMutablePointer<uv_loop_t>

    private struct Inbox {
        var jobs: [UnownedJob] = []
        var calls: [@Sendable () -> Void] = []
        var isWakePending = false
        var isStopping = false
        var isStopped = false
    }
    private let inbox = Guarded(Inbox())
    private let wake: UnsafeMutablePointer<uv_async_t>
    private let prepare: UnsafeMutablePointer<uv_prepare_t>
    private let idle: UnsafeMutablePointer<uv_idle_t>
    /// The loop's thread; 0 once it has ended, because the system gives the number to the next thread that starts.
    private let thread = Atomic<UInt>(0)
    private var threadToJoin = uv_thread_t()

    private var localJobs: [UnownedJob] = []
    private var localCalls: [@Sendable () -> Void] = []
    private var runningJobs: [UnownedJob] = []
    private var beforePollBodies: [() -> Void] = []
    private var turnWaiters: [UnsafeContinuation<Void, Never>] = []
    private var isIdleRunning = false

    /// Jobs that enqueue jobs are run in the same drain this many times; then the sockets get their turn.
    private static let drainRoundsMaximum = 16
    /// Turns that a stopping loop grants to the tasks that still run on it.
    private static let stopRoundsMaximum = 1_000

    /// Starts the thread; returns when it runs. Ends the program when the operating system refuses a loop or a thread.
    package init(name: String) {
        self.name = name
        uv = .allocate(capacity: 1)
        wake = .allocate(capacity: 1)
        prepare = .allocate(capacity: 1)
        idle = .allocate(capacity: 1)
        ignoreBrokenPipes()
        requireUV(uv_loop_init(uv), "uv_loop_init")
        requireUV(uv_async_init(uv, wake) { _ in }, "uv_async_init")
        requireUV(uv_prepare_init(uv, prepare), "uv_prepare_init")
        requireUV(uv_idle_init(uv, idle), "uv_idle_init")
        // The loop's own three handles carry no object: `data` of a LoopHandle points at its owner, here it stays nil.
        wake.pointee.data = nil
        idle.pointee.data = nil
        prepare.pointee.data = nil
        uv.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        requireUV(
            uv_prepare_start(prepare) { handle in
                let loop = handle!.pointee.loop.pointee.data!
                Unmanaged<EventLoop>.fromOpaque(loop).takeUnretainedValue().drain()
            }, "uv_prepare_start")
        let started = LoopStart(loop: self)
        let argument = Unmanaged.passRetained(started).toOpaque()
        requireUV(
            uv_thread_create(&threadToJoin, { LoopStart.runThread($0!) }, argument), "uv_thread_create")
        started.wait()
    }

    // MARK: Tasks

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isCurrent {
            localJobs.append(job)
            return
        }
        let state = inbox.withLock { inbox -> (isStopped: Bool, mustWake: Bool) in
            if inbox.isStopped { return (true, false) }
            inbox.jobs.append(job)
            defer { inbox.isWakePending = true }
            return (false, !inbox.isWakePending)
        }
        if state.isStopped {
            // A task that outlives its loop must still end, or whoever awaits it hangs; it finds every handle closed.
            globalConcurrentExecutor.enqueue(job)
        } else if state.mustWake {
            uv_async_send(wake)
        }
    }

    /// Runs `body` on the loop and returns to the caller's own executor with its result.
    package func run<T: Sendable, E: Error>(_ body: @escaping @Sendable () async throws(E) -> T) async throws(E) -> T {
        // `@concurrent` is what hops; a nonisolated(nonsending) operation would stay where its caller is. And the hop needs a
        // synchronous call behind it: the compiler drops a hop that leads straight into another async call, though a
        // nonsending callee makes none of its own. So the check is not only a check.
        try await withTaskExecutorPreference(self) { @concurrent () async throws(E) -> T in
            if thread.load(ordering: .relaxed) != 0 { preconditionOnLoop() }
            return try await body()
        }
    }

    /// Starts a task of its own on the loop.
    @discardableResult
    package func spawn(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        Task(executorPreference: self) { await body() }
    }

    /// Calls `body` on the loop, in order with other calls. False, and never called, once the loop has stopped.
    @discardableResult
    package func execute(_ body: @escaping @Sendable () -> Void) -> Bool {
        if isCurrent {
            localCalls.append(body)
            return true
        }
        let state = inbox.withLock { inbox -> (isAccepted: Bool, mustWake: Bool) in
            if inbox.isStopped { return (false, false) }
            inbox.calls.append(body)
            defer { inbox.isWakePending = true }
            return (true, !inbox.isWakePending)
        }
        if state.mustWake { uv_async_send(wake) }
        return state.isAccepted
    }

    /// Calls `body` once, on the loop, when the jobs that are ready have run and before the loop waits for descriptors: the place
    /// to flush what several tasks have put into one buffer. On the loop.
    package func beforePoll(_ body: @escaping () -> Void) {
        preconditionOnLoop()
        beforePollBodies.append(body)
    }

    /// Suspends until the sockets have had their say: between the pieces of work that takes longer than others should wait for theirs.
    package func nextTurn() async {
        // A task that has outlived its loop has nobody left to wait for.
        guard isCurrent else { return }
        await withUnsafeContinuation { turnWaiters.append($0) }
    }

    // MARK: Where and when

    /// True on the loop's own thread.
    package var isCurrent: Bool { thread.load(ordering: .relaxed) == pthread_self() }

    package func preconditionOnLoop(_ function: StaticString = #function) {
        if !isCurrent { fatalError("\(function) called away from the loop \(name)") }
    }

    /// Milliseconds of the loop's monotonic clock, read once per turn of the loop. On the loop.
    package var milliseconds: UInt64 { uv_now(uv) }

    /// Suspends for at least `duration`, from any task. Throws `CancellationError` when the task is cancelled or the loop stops.
    package func sleep(for duration: Duration) async throws {
        let sleeper = LoopSleeper(loop: self)
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                sleeper.begin(duration, continuation)
            }
        } onCancel: {
            sleeper.cancel()
        }
    }

    // MARK: Life

    /// Closes every handle that is left, ends the thread and waits for it. Tasks that are still alive go on elsewhere and find
    /// their handles closed. Not from the loop itself; the second call does nothing.
    package func shutdown() {
        if isCurrent { fatalError("shutdown called on the loop \(name), which cannot wait for itself") }
        let isFirst = inbox.withLock { inbox -> Bool in
            defer { inbox.isStopping = true }
            return !inbox.isStopping
        }
        guard isFirst else { return }
        uv_async_send(wake)
        uv_thread_join(&threadToJoin)
    }

    deinit {
        // Only reached after shutdown: until then the thread holds the loop.
        wake.deallocate()
        prepare.deallocate()
        idle.deallocate()
        uv.deallocate()
    }

    fileprivate func enterThread() {
        thread.store(pthread_self(), ordering: .relaxed)
        // Linux refuses thread names of more than 15 bytes.
        _ = pthread_setname_np(pthread_self(), String(name.utf8.prefix(15)) ?? "loop")
    }

    fileprivate func runUntilStopped() {
        uv_run(uv, UV_RUN_DEFAULT)
        // Stopping: owners learn of it through LoopHandle.close, then the closed handles and last jobs are run to the end.
        var rounds = 0
        repeat {
            closeOwnedHandles()
            uv_run(uv, UV_RUN_NOWAIT)
            drain()
            rounds += 1
        } while (!localJobs.isEmpty || !localCalls.isEmpty || !turnWaiters.isEmpty) && rounds < Self.stopRoundsMaximum
        let late = inbox.withLock { inbox -> Inbox in
            inbox.isStopped = true
            let late = inbox
            inbox.jobs = []
            inbox.calls = []
            return late
        }
        for call in localCalls + late.calls { call() }
        for handle in [handlePointer(wake), handlePointer(prepare), handlePointer(idle)] { uv_close(handle, nil) }
        closeOwnedHandles()
        while uv_run(uv, UV_RUN_NOWAIT) != 0 {}
        requireUV(uv_loop_close(uv), "uv_loop_close")
        thread.store(0, ordering: .relaxed)
        for job in localJobs + late.jobs { globalConcurrentExecutor.enqueue(job) }
        localJobs = []
        for waiter in turnWaiters { waiter.resume() }
        turnWaiters = []
        localCalls = []
    }

    private func closeOwnedHandles() {
        uv_walk(
            uv,
            { handle, _ in
                guard let owner = handle!.pointee.data, uv_is_closing(handle) == 0 else { return }
                Unmanaged<LoopHandle>.fromOpaque(owner).takeUnretainedValue().close()
            }, nil)
    }

    /// Runs what is ready. The loop's prepare handle calls it after timers and sockets have spoken and before the next wait, so
    /// one place is enough and a burst of sockets is handled as one batch.
    private func drain() {
        var isStopping = false
        inbox.withLock { inbox in
            if !inbox.jobs.isEmpty {
                localJobs.append(contentsOf: inbox.jobs)
                inbox.jobs.removeAll(keepingCapacity: true)
            }
            if !inbox.calls.isEmpty {
                localCalls.append(contentsOf: inbox.calls)
                inbox.calls.removeAll(keepingCapacity: true)
            }
            inbox.isWakePending = false
            isStopping = inbox.isStopping
        }
        let rested = turnWaiters
        turnWaiters = []
        for waiter in rested { waiter.resume() }
        var rounds = 0
        while rounds < Self.drainRoundsMaximum {
            rounds += 1
            runReadyCalls()
            runReadyJobs()
            if localJobs.isEmpty && localCalls.isEmpty {
                if beforePollBodies.isEmpty { break }
                runBeforePollBodies()
            }
        }
        keepPolling(!localJobs.isEmpty || !localCalls.isEmpty || !beforePollBodies.isEmpty || !turnWaiters.isEmpty)
        if isStopping { uv_stop(uv) }
    }

    private func runReadyCalls() {
        guard !localCalls.isEmpty else { return }
        let calls = localCalls
        localCalls = []
        for call in calls { call() }
    }

    private func runReadyJobs() {
        guard !localJobs.isEmpty else { return }
        swap(&localJobs, &runningJobs)
        let executor = asUnownedTaskExecutor()
        for job in runningJobs { job.runSynchronously(on: executor) }
        runningJobs.removeAll(keepingCapacity: true)
    }

    private func runBeforePollBodies() {
        let bodies = beforePollBodies
        beforePollBodies = []
        for body in bodies { body() }
    }

    /// An idle handle makes the next poll return at once: wanted exactly while jobs are left over.
    private func keepPolling(_ wanted: Bool) {
        guard wanted != isIdleRunning else { return }
        isIdleRunning = wanted
        if wanted {
            uv_idle_start(idle) { _ in }
        } else {
            uv_idle_stop(idle)
        }
    }
}

/// Hands the loop to its thread and tells the creator when the thread runs.
private final class LoopStart: @unchecked Sendable {
    // `loop` is set once before the thread exists; the semaphore is made for two threads.
    let loop: EventLoop
    private let semaphore: UnsafeMutablePointer<uv_sem_t>

    init(loop: EventLoop) {
        self.loop = loop
        semaphore = .allocate(capacity: 1)
        requireUV(uv_sem_init(semaphore, 0), "uv_sem_init")
    }

    deinit {
        uv_sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func wait() { uv_sem_wait(semaphore) }

    static func runThread(_ argument: UnsafeMutableRawPointer) {
        var start: LoopStart? = Unmanaged<LoopStart>.fromOpaque(argument).takeRetainedValue()
        let loop = start!.loop
        loop.enterThread()
        uv_sem_post(start!.semaphore)
        start = nil
        loop.runUntilStopped()
    }
}

/// Ends the program with libuv's own words when a call that cannot fail in a healthy system has failed.
package func requireUV(_ result: Int32, _ call: StaticString) {
    if result < 0 { fatalError("\(call): \(uvMessage(result))") }
}

/// libuv's words for an error number.
package func uvMessage(_ result: Int32) -> String { String(cString: uv_strerror(result)) }

/// A peer that closes early must cost an error number, not the process.
private func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }

/// The common head of every libuv handle.
package func handlePointer<Handle>(_ pointer: UnsafeMutablePointer<Handle>) -> UnsafeMutablePointer<uv_handle_t> {
    UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: uv_handle_t.self)
}
