import FoundationEssentials
import Loop
import Postgres
import Synchronization
import Testing

/// A runaway scope slows only itself. Nothing here looks at a clock: what is held is who goes before whom.
@Suite struct `Fairness between scopes` {
    private final class Count: Sendable {
        private let number = Atomic(0)
        var value: Int { number.load(ordering: .relaxed) }
        func add() { number.add(1, ordering: .relaxed) }
    }

    /// Opens once.
    private final class Gate: Sendable {
        private let state = Mutex<(isOpen: Bool, waiting: [CheckedContinuation<Void, Never>])>((false, []))

        func pass() async {
            await withCheckedContinuation { continuation in
                let isOpen = state.withLock { state in
                    if !state.isOpen { state.waiting.append(continuation) }
                    return state.isOpen
                }
                if isOpen { continuation.resume() }
            }
        }

        func open() {
            let waiting = state.withLock { state in
                defer { state = (true, []) }
                return state.waiting
            }
            for continuation in waiting { continuation.resume() }
        }
    }

    @Test func `within a scope it is first come, first served, and the scopes take turns`() {
        var queue = FairQueue<String>()
        let (a, b) = (UUID(), UUID())
        for element in ["a1", "a2", "a3"] { queue.append(element, of: a) }
        queue.append("b1", of: b)
        queue.append("n1", of: nil)
        queue.append("b2", of: b)
        var order: [String] = []
        while let (element, _) = queue.popFirst(where: { _ in true }) { order.append(element) }
        #expect(order == ["a1", "b1", "n1", "a2", "b2", "a3"])
        #expect(queue.isEmpty)
    }

    @Test func `a scope that may not go on keeps its place and its order, and nobody waits for it`() {
        var queue = FairQueue<String>()
        let (a, b) = (UUID(), UUID())
        for element in ["a1", "a2"] { queue.append(element, of: a) }
        for element in ["b1", "b2"] { queue.append(element, of: b) }
        #expect(queue.popFirst { $0 != a }?.element == "b1")
        #expect(queue.popFirst { $0 != a }?.element == "b2")
        #expect(queue.popFirst { $0 != a } == nil)
        #expect(queue.count == 2)
        #expect(queue.popFirst { _ in true }?.element == "a1")
        queue.append("b3", of: b)
        #expect(queue.remove { $0 == "a2" } == ["a2"])
        #expect(queue.popFirst { _ in true }?.element == "b3")
        #expect(queue.popFirst { _ in true } == nil)
        queue.append("a4", of: a)
        #expect(queue.removeAll() == ["a4"])
        #expect(queue.isEmpty)
    }

    @Test func `loses nobody and serves nobody twice among many scopes that come and go`() {
        var queue = FairQueue<Int>()
        let scopes = (0..<200).map { _ in UUID() }
        var served: [Int] = []
        for number in 0..<5_000 {
            queue.append(number, of: scopes[number * 7919 % 200])
            if number % 3 == 0, let (element, _) = queue.popFirst(where: { _ in true }) { served.append(element) }
        }
        while let (element, _) = queue.popFirst(where: { _ in true }) { served.append(element) }
        #expect(served.sorted() == Array(0..<5_000))
    }

    @Test func `short units may be many at once, long ones few, and never all sessions while others ask too`() {
        let share = ScopeShare(maximum: 16, sessions: 2)
        for isShared in [false, true] {
            #expect(share.limit(microseconds: 0, isShared: isShared) == 16)
            #expect(share.limit(microseconds: 50, isShared: isShared) == 16)
            #expect(share.limit(microseconds: 300, isShared: isShared) == (isShared ? 4 : 16))
            #expect(share.limit(microseconds: 1_000, isShared: isShared) == (isShared ? 1 : 6))
        }
        #expect(share.limit(microseconds: 10_000, isShared: false) == 2)
        #expect(share.limit(microseconds: 10_000, isShared: true) == 1)
        #expect(ScopeShare(maximum: 16, sessions: 1).limit(microseconds: 10_000, isShared: true) == 1)
        #expect(ScopeShare(maximum: 16, sessions: 8).limit(microseconds: 10_000, isShared: true) == 7)
    }

    @Test func `what a scope may have follows what its units take, and is given back as they end`() {
        var share = ScopeShare(maximum: 16, sessions: 2)
        let (a, b) = (UUID(), UUID())
        #expect((0..<100).allSatisfy { _ in share.mayBegin(nil, isShared: false) })
        for _ in 0..<16 {
            #expect(share.mayBegin(a, isShared: false))
            share.begin(a)
        }
        #expect(!share.mayBegin(a, isShared: false) && share.mayBegin(b, isShared: false))
        for _ in 0..<16 { share.end(a, tookMicroseconds: 20_000) }
        for _ in 0..<2 {
            #expect(share.mayBegin(a, isShared: false))
            share.begin(a)
        }
        #expect(!share.mayBegin(a, isShared: false))
        share.end(a, tookMicroseconds: 20_000)
        #expect(!share.mayBegin(a, isShared: true), "the other session is left to the others")
        #expect(share.mayBegin(a, isShared: false), "nobody else has asked for a while")
        share.end(a, tookMicroseconds: 20_000)
        #expect(share.mayBegin(a, isShared: true))
    }

    /// Calls `body` on a loop, and gives what it says of the places that were freed at once and, when a while has passed, of all.
    private func places(_ scopes: [UUID?], waiting: Int) async throws -> (areThere: Bool, atOnce: Int, later: Int) {
        let loop = EventLoop(name: "test")
        defer { loop.shutdown() }
        return try await loop.run {
            let (neighbours, freed) = (Neighbours(loop: loop), Count())
            for scope in scopes { neighbours.note(scope) }
            neighbours.rest(held: .milliseconds(5), waiting: waiting) { freed.add() }
            let atOnce = freed.value
            while freed.value == 0 { try await loop.sleep(for: .milliseconds(1)) }
            return (neighbours.areThere, atOnce, freed.value)
        }
    }

    @Test func `a crowd with neighbours leaves free what it has held, others go on at once`() async throws {
        let (a, b) = (UUID(), UUID())
        #expect(try await places([a, b, a], waiting: Neighbours.crowd) == (true, 0, 1))
        #expect(try await places([a, b, a], waiting: Neighbours.crowd - 1) == (true, 1, 1))
        #expect(try await places([a, a], waiting: 100) == (false, 1, 1))
        #expect(try await places([a, nil, a], waiting: 100) == (false, 1, 1), "what has no scope is nobody's neighbour")
    }

    @Test func `a place that rests is free at once when the pools close, and when the loop ends`() async throws {
        let (a, b) = (UUID(), UUID())
        try await withPools(reads: 1) { pools in
            let freed = Count()
            for scope in [a, b] { pools.reads.neighbours.note(scope) }
            for _ in 0..<3 { pools.reads.neighbours.rest(held: .seconds(1), waiting: Neighbours.crowd) { freed.add() } }
            #expect(freed.value == 0)
            pools.reads.close()
            #expect(freed.value == 3)
            pools.reads.neighbours.rest(held: .seconds(1), waiting: Neighbours.crowd) { freed.add() }
            #expect(freed.value == 4)
        }
        let (loop, freed) = (EventLoop(name: "ends"), Count())
        await loop.run {
            let neighbours = Neighbours(loop: loop)
            for scope in [a, b] { neighbours.note(scope) }
            neighbours.rest(held: .seconds(1), waiting: Neighbours.crowd) { freed.add() }
            #expect(freed.value == 0)
        }
        loop.shutdown()
        #expect(freed.value == 1)
    }

    @Test func `a read of another scope passes by what a flood of reads has waiting`() async throws {
        // One session answers in the order in which it was asked, so the answers tell the order.
        try await withPools(reads: 1) { pools in
            let (runaway, quiet) = (UUID(), UUID())
            let done = Count()
            let flood = 600
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<flood {
                    group.addTask {
                        _ = try await pools.reads.read(scope: runaway, "select 1")
                        done.add()
                    }
                }
                while pools.reads.counters.waiting < flood / 2 { await Task.yield() }
                for _ in 0..<3 {
                    let before = done.value
                    _ = try await pools.reads.read(scope: quiet, "select 2")
                    #expect(done.value - before < 100, "\(done.value - before) of the flood went before it")
                }
                #expect(done.value < flood)
                try await group.waitForAll()
            }
            #expect(done.value == flood)
        }
    }

    @Test func `a scope whose transactions do not end leaves sessions for the others, and takes them when it is let`()
        async throws
    {
        try await withPools(writes: 8) { pools in
            let (runaway, quiet) = (UUID(), UUID())
            let (gate, inside, done) = (Gate(), Count(), Count())
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<30 {
                    group.addTask {
                        try await pools.writes.write(scope: runaway) { transaction in
                            _ = try await transaction.query("select 1")
                            inside.add()
                            await gate.pass()
                        }
                        done.add()
                    }
                }
                while inside.value < WritePool.share(of: 8) { await Task.yield() }
                // Nothing of the runaway ends before this one has: with all sessions in its hands this would wait for ever.
                try await pools.writes.write(scope: quiet) { _ = try await $0.query("select 2") }
                #expect(done.value == 0)
                #expect(inside.value == WritePool.share(of: 8))
                gate.open()
                try await group.waitForAll()
            }
            #expect(done.value == 30)
            #expect(pools.writes.counters.inUse == 0)
        }
    }

    @Test func `while another scope asks, a runaway's transactions hold a quarter of the sessions`() async throws {
        try await withPools(writes: 8) { pools in
            let (runaway, quiet) = (UUID(), UUID())
            let (gate, inside) = (Gate(), Count())
            try await withThrowingTaskGroup(of: Void.self) { group in
                // Two of them have asked within this second, and go on asking.
                for _ in 0..<20 {
                    group.addTask {
                        for _ in 0..<2 {
                            try await pools.writes.write(scope: runaway) { transaction in
                                _ = try await transaction.query("select 1")
                                inside.add()
                                await gate.pass()
                            }
                        }
                    }
                    try await pools.writes.write(scope: quiet) { _ = try await $0.query("select 2") }
                }
                let held = inside.value
                #expect((1...2).contains(held), "\(held) of eight")
                // Once nobody else asks, the rest goes on by itself.
                while inside.value < WritePool.share(of: 8) { try await Task.sleep(for: .milliseconds(20)) }
                gate.open()
                try await group.waitForAll()
            }
            #expect(inside.value == 40)
            #expect(pools.writes.counters.inUse == 0)
        }
    }

    @Test(arguments: [(1, 1), (2, 2), (3, 3), (4, 3), (8, 6), (16, 12), (200, 150)])
    func `a scope may hold all sessions but a quarter`(connections: Int, share: Int) {
        #expect(WritePool.share(of: connections) == share)
    }
}
