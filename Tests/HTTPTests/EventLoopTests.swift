import Glibc
import Loop
import Synchronization
import Testing

private actor Counter {
    var value = 0
    func add() -> Bool {
        value += 1
        return true
    }
}

private func plain(_ loop: EventLoop) async -> Bool { loop.isCurrent }

@concurrent private func concurrent(_ loop: EventLoop) async -> Bool { loop.isCurrent }

private struct Expected: Error {}

@Suite struct EventLoopTests {
    @Test func `a task on the loop never leaves its thread`() async throws {
        let loop = EventLoop(name: "test")
        defer { loop.shutdown() }
        let workers = LoopWorkers(threads: 2, waitingMaximum: 10)
        defer { workers.shutdown() }
        #expect(!loop.isCurrent)
        let places = try await loop.run { () async throws -> [String: Bool] in
            var places = ["start": loop.isCurrent]
            places["plain callee"] = await plain(loop)
            places["concurrent callee"] = await concurrent(loop)
            let counter = Counter()
            _ = await counter.add()
            places["after an actor"] = loop.isCurrent
            await Task.yield()
            places["after a yield"] = loop.isCurrent
            async let child = plain(loop)
            places["async let"] = await child
            places["after async let"] = loop.isCurrent
            await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<4 { group.addTask { loop.isCurrent } }
                for await answer in group { places["group"] = answer && places["group"] ?? true }
            }
            places["unstructured task inherits nothing"] = await Task { loop.isCurrent }.value == false
            places["after an unstructured task"] = loop.isCurrent
            try await Task.sleep(for: .milliseconds(2))
            places["after the global sleep"] = loop.isCurrent
            try await loop.sleep(for: .milliseconds(2))
            places["after the loop's sleep"] = loop.isCurrent
            places["on a worker"] = try await workers.run { !loop.isCurrent }
            places["after a worker"] = loop.isCurrent
            return places
        }
        #expect(places.count == 14)
        for (place, isRight) in places { #expect(isRight, "\(place)") }
        #expect(!loop.isCurrent)
    }

    @Test func `errors of the body come back as they are`() async {
        let loop = EventLoop(name: "test")
        defer { loop.shutdown() }
        await #expect(throws: Expected.self) {
            try await loop.run { () async throws -> Int in throw Expected() }
        }
    }

    @Test func `jobs from many threads all run, in the loop's thread`() async {
        let loop = EventLoop(name: "test")
        defer { loop.shutdown() }
        let total = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<64 {
                group.addTask {
                    var sum = 0
                    for _ in 0..<50 { sum += await loop.run { loop.isCurrent ? 1 : 0 } }
                    return sum
                }
            }
            return await group.reduce(0, +)
        }
        #expect(total == 64 * 50)
    }

    @Test func `a task that yields for ever does not starve the loop's timers`() async throws {
        let loop = EventLoop(name: "test")
        defer { loop.shutdown() }
        let spinning = loop.spawn { while !Task.isCancelled { await Task.yield() } }
        try await loop.sleep(for: .milliseconds(5))
        spinning.cancel()
        await spinning.value
    }

    @Test func `timers fire in order, once, and not after cancel`() async throws {
        let loop = EventLoop(name: "test")
        defer { loop.shutdown() }
        let fired = Mutex<[Int]>([])
        try await loop.run { () async throws in
            loop.schedule(after: .milliseconds(20)) { fired.withLock { $0.append(2) } }
            loop.schedule(after: .milliseconds(5)) { fired.withLock { $0.append(1) } }
            let cancelled = loop.schedule(after: .milliseconds(10)) { fired.withLock { $0.append(99) } }
            cancelled.cancel()
            cancelled.cancel()
            try await loop.sleep(for: .milliseconds(40))
        }
        #expect(fired.withLock { $0 } == [1, 2])
    }

    @Test func `a cancelled sleep ends with CancellationError`() async {
        let loop = EventLoop(name: "test")
        defer { loop.shutdown() }
        let task = Task { try await loop.sleep(for: .seconds(600)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func `shutdown ends a sleep and the tasks around it`() async {
        let loop = EventLoop(name: "test")
        let isAsleep = Mutex(false)
        let task = Task {
            try await loop.run { () async throws in
                isAsleep.withLock { $0 = true }
                try await loop.sleep(for: .seconds(600))
            }
        }
        while !isAsleep.withLock({ $0 }) { await Task.yield() }
        loop.shutdown()
        loop.shutdown()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(!loop.execute {})
        await #expect(throws: CancellationError.self) { try await loop.sleep(for: .seconds(1)) }
        // A task that comes too late still ends.
        #expect(await loop.run { 7 } == 7)
    }

    @Test func `before the poll, once, after all ready jobs`() async throws {
        let loop = EventLoop(name: "test")
        defer { loop.shutdown() }
        let log = Mutex<[String]>([])
        try await loop.run { () async throws in
            loop.beforePoll { log.withLock { $0.append("flush") } }
            for number in 0..<3 { loop.spawn { log.withLock { $0.append("job \(number)") } } }
            try await loop.sleep(for: .milliseconds(5))
        }
        #expect(log.withLock { $0 } == ["job 0", "job 1", "job 2", "flush"])
    }

    @Test func `a watched pipe reports what it is ready for`() async throws {
        let loop = EventLoop(name: "test")
        defer { loop.shutdown() }
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        let (reading, writing) = (ends[0], ends[1])
        defer {
            close(reading)
            close(writing)
        }
        let count = try await loop.run { () async throws -> Int in
            let received = Mutex(0)
            let watch = try loop.watch(fd: reading) { events in
                guard events.contains(.readable) else { return }
                var bytes = [UInt8](repeating: 0, count: 16)
                let count = read(reading, &bytes, 16)
                received.withLock { $0 += count }
            }
            watch.update(events: .readable)
            watch.update(events: .readable)
            _ = write(writing, "abc", 3)
            while received.withLock({ $0 }) < 3 { try await loop.sleep(for: .milliseconds(1)) }
            watch.update(events: [])
            _ = write(writing, "de", 2)
            try await loop.sleep(for: .milliseconds(10))
            #expect(received.withLock { $0 } == 3)
            watch.update(events: .readable)
            while received.withLock({ $0 }) < 5 { try await loop.sleep(for: .milliseconds(1)) }
            watch.close()
            watch.close()
            return received.withLock { $0 }
        }
        #expect(count == 5)
    }

    @Test func `between two turns every socket that has something to say is heard, and nobody waits for what does not come`()
        async throws
    {
        let loop = EventLoop(name: "test")
        defer { loop.shutdown() }
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        let (reading, writing) = (ends[0], ends[1])
        defer {
            close(reading)
            close(writing)
        }
        let heard = try await loop.run { () async throws -> [Bool] in
            let isHeard = Mutex(false)
            let watch = try loop.watch(fd: reading) { _ in
                var byte: UInt8 = 0
                _ = read(reading, &byte, 1)
                isHeard.withLock { $0 = true }
            }
            watch.update(events: .readable)
            var heard: [Bool] = []
            for _ in 0..<3 {
                isHeard.withLock { $0 = false }
                _ = write(writing, "x", 1)
                // However often a task yields within a turn, the sockets wait.
                await Task.yield()
                heard.append(isHeard.withLock { $0 })
                await loop.nextTurn()
                await loop.nextTurn()
                heard.append(isHeard.withLock { $0 })
            }
            for _ in 0..<1_000 { await loop.nextTurn() }
            watch.close()
            return heard
        }
        #expect(heard == [false, true, false, true, false, true])
    }

    @Test func `work in turns that is under way at the shutdown comes to its end`() async {
        let loop = EventLoop(name: "test")
        let turns = Mutex(0)
        let work = loop.spawn {
            for _ in 0..<100_000 {
                await loop.nextTurn()
                turns.withLock { $0 += 1 }
            }
        }
        while turns.withLock({ $0 }) == 0 { await Task.yield() }
        loop.shutdown()
        await work.value
        #expect(turns.withLock { $0 } == 100_000)
    }

    @Test func `watching what is no socket is an error, not a crash`() async {
        let loop = EventLoop(name: "test")
        defer { loop.shutdown() }
        let error = await loop.run { #expect(throws: LoopError.self) { try loop.watch(fd: -1) { _ in } } }
        #expect(error?.description == "bad file descriptor")
    }

    @Test func `a signal reaches its body`() async throws {
        let loop = EventLoop(name: "test")
        defer { loop.shutdown() }
        let seen = Mutex(0)
        try await loop.run { () async throws in
            let signal = try loop.onSignal(SIGUSR1) { seen.withLock { $0 += 1 } }
            kill(getpid(), SIGUSR1)
            while seen.withLock({ $0 }) == 0 { try await loop.sleep(for: .milliseconds(1)) }
            signal.close()
        }
        #expect(seen.withLock { $0 } == 1)
    }
}

@Suite struct LoopWorkersTests {
    @Test func `work beyond the bound is refused and the rest is done`() async throws {
        let workers = LoopWorkers(threads: 1, waitingMaximum: 2)
        let gate = Mutex(false)
        let hasStarted = Mutex(false)
        let first = Task {
            try await workers.run {
                hasStarted.withLock { $0 = true }
                while !gate.withLock({ $0 }) { usleep(500) }
                return 1
            }
        }
        while !hasStarted.withLock({ $0 }) { await Task.yield() }
        let answers = await withTaskGroup(of: Result<Int, any Error>.self) { group in
            for number in 0..<5 {
                group.addTask {
                    do { return .success(try await workers.run { number }) } catch { return .failure(error) }
                }
            }
            var answers: [Result<Int, any Error>] = []
            while let answer = await group.next() {
                answers.append(answer)
                // Three of the five are refused at once, then the gate lets the two accepted ones through.
                if answers.count == 3 { gate.withLock { $0 = true } }
            }
            return answers
        }
        #expect(try await first.value == 1)
        #expect(answers.count { (try? $0.get()) != nil } == 2)
        for case .failure(let error) in answers { #expect(error as? LoopWorkers.Refusal == .tooMuchWaiting) }
        workers.shutdown()
        await #expect(throws: LoopWorkers.Refusal.stopped) { try await workers.run { 1 } }
    }

    @Test func `a thousand pieces of work come back, each with its own answer`() async throws {
        let workers = LoopWorkers(threads: 4, waitingMaximum: 1_000)
        defer { workers.shutdown() }
        let sum = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<1_000 { group.addTask { try await workers.run { number } } }
            return try await group.reduce(0, +)
        }
        #expect(sum == 499_500)
    }

    @Test func `an error of the work is thrown to its caller`() async {
        let workers = LoopWorkers(threads: 1, waitingMaximum: 1)
        defer { workers.shutdown() }
        await #expect(throws: Expected.self) { try await workers.run { () throws -> Int in throw Expected() } }
    }
}
