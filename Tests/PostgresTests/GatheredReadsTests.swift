import FoundationEssentials
import Loop
import Postgres
import Synchronization
import Testing

private struct Poison: Error {}
private struct Outage: Error {}

/// What was asked of the database, in the order in which it was asked.
private final class Asked: @unchecked Sendable {
    var batches: [[Int]] = []
    var underWay = 0
    var underWayMost = 0
}

private final class Answered: Sendable { let number = Atomic(0) }

@Suite struct `Reads that arrive together` {
    /// Asks for each key from a task of its own, all in one turn of the loop; the answers in the keys' order.
    private func ask(
        _ keys: [Int], shared: Bool = false, everybodys: Bool = false,
        failing: @escaping @Sendable ([Int]) -> (any Error)? = { _ in nil }
    ) async throws -> (answers: [Result<Int?, any Error>], asked: Asked) {
        let loop = EventLoop(name: "test")
        defer { loop.shutdown() }
        return await loop.run {
            let neighbours = Neighbours(loop: loop)
            if shared { for scope in [UUID(), UUID()] { neighbours.note(scope) } }
            let (reads, asked) = (GatheredReads<Int, Int>(loop: loop, neighbours: neighbours), Asked())
            @Sendable func one(_ key: Int) async -> Result<Int?, any Error> {
                do {
                    let value = try await reads.value(of: key, isEverybodys: { _ in everybodys }) { keys in
                        asked.batches.append(keys)
                        asked.underWay += 1
                        asked.underWayMost = max(asked.underWayMost, asked.underWay)
                        try await loop.sleep(for: .milliseconds(5))
                        asked.underWay -= 1
                        if let failure = failing(keys) { throw failure }
                        return Dictionary(keys.filter { $0 >= 0 }.map { ($0, $0 * 10) }) { first, _ in first }
                    }
                    return .success(value)
                } catch {
                    return .failure(error)
                }
            }
            var tasks: [Task<Result<Int?, any Error>, Never>] = []
            for key in keys { tasks.append(Task(executorPreference: loop) { await one(key) }) }
            var answers: [Result<Int?, any Error>] = []
            for task in tasks { answers.append(await task.value) }
            #expect(reads.isIdle)
            return (answers, asked)
        }
    }

    @Test func `are one statement, and each gets what she asked for`() async throws {
        let keys = [7, 3, 7, -1, 9]
        let (answers, asked) = try await ask(keys)
        #expect(asked.batches == [keys])
        #expect(try answers.map { try $0.get() } == [70, 30, 70, nil, 90])
    }

    /// Two are under way and one waits with sixteen keys each; behind those it is a crowd.
    @Test(arguments: [(false, [16, 16, 16, 32, 20]), (true, Array(repeating: 4, count: 25))])
    func `are two statements at most at a time, of so many keys`(shared: Bool, sizes: [Int]) async throws {
        let keys = Array(0..<100)
        let (answers, asked) = try await ask(keys, shared: shared)
        #expect(try answers.map { try $0.get() } == keys.map { $0 * 10 })
        #expect(asked.batches.flatMap { $0 } == keys)
        #expect(asked.batches.map(\.count) == sizes)
        #expect(asked.underWayMost == GatheredReads<Int, Int>.underWayMaximum)
    }

    @Test func `do not suffer by one among them that fails`() async throws {
        let (answers, asked) = try await ask([1, 13, 2]) { $0.contains(13) ? Poison() : nil }
        #expect(try answers[0].get() == 10 && answers[2].get() == 20)
        #expect(throws: Poison.self) { try answers[1].get() }
        #expect(asked.batches.count == 4)
    }

    @Test func `ask once only for what fails for all`() async throws {
        let (answers, asked) = try await ask([1, 2, 3], everybodys: true) { _ in Outage() }
        for answer in answers { #expect(throws: Outage.self) { try answer.get() } }
        #expect(asked.batches == [[1, 2, 3]])
    }

    /// A batch is closed when it is sent: who asks while it is under way might ask because of what has changed since.
    @Test func `never join a statement that has been sent`() async throws {
        let loop = EventLoop(name: "test")
        defer { loop.shutdown() }
        let batches = try await loop.run {
            let (reads, asked) = (GatheredReads<Int, Int>(loop: loop, neighbours: Neighbours(loop: loop)), Asked())
            @Sendable func one(_ key: Int) async throws -> Int? {
                try await reads.value(of: key, isEverybodys: { _ in true }) { keys in
                    asked.batches.append(keys)
                    try await loop.sleep(for: .milliseconds(40))
                    return [key: key]
                }
            }
            let first = Task(executorPreference: loop) { try await one(1) }
            try await loop.sleep(for: .milliseconds(10))
            let second = Task(executorPreference: loop) { try await one(1) }
            _ = try await (first.value, second.value)
            return asked.batches
        }
        #expect(batches == [[1], [1]])
    }

    /// A crowd's next statement rests for a while; that the server stops meanwhile must leave nobody without an answer.
    @Test func `are all answered when the loop ends while a crowd rests`() async throws {
        let loop = EventLoop(name: "test")
        let answered = Answered()
        let reads = await loop.run {
            let neighbours = Neighbours(loop: loop)
            for scope in [UUID(), UUID()] { neighbours.note(scope) }
            return GatheredReads<Int, Int>(loop: loop, neighbours: neighbours)
        }
        @Sendable func ask(_ key: Int) async {
            _ = try? await reads.value(of: key, isEverybodys: { _ in true }) { _ in
                try await loop.sleep(for: .milliseconds(60))
                throw Outage()
            }
            answered.number.add(1, ordering: .relaxed)
        }
        var tasks: [Task<Void, Never>] = []
        for key in 0..<100 { tasks.append(Task(executorPreference: loop) { await ask(key) }) }
        try await Task.sleep(for: .milliseconds(30))
        loop.shutdown()
        for task in tasks { await task.value }
        #expect(answered.number.load(ordering: .relaxed) == 100)
    }

    @Test func `are never one statement for two scopes, and leave nothing behind`() async throws {
        let loop = EventLoop(name: "test")
        defer { loop.shutdown() }
        let (answers, batches, left) = try await loop.run {
            let (reads, asked) = (ScopedReads<String, Int, String>(loop: loop, neighbours: Neighbours(loop: loop)), Asked())
            @Sendable func one(_ scope: String, _ key: Int) async throws -> String? {
                try await reads.value(of: key, in: scope, isEverybodys: { _ in true }) { keys in
                    asked.batches.append(keys)
                    try await loop.sleep(for: .milliseconds(5))
                    return Dictionary(keys.map { ($0, "\(scope)\($0)") }) { first, _ in first }
                }
            }
            var tasks: [Task<String?, any Error>] = []
            for (scope, key) in [("a", 1), ("b", 1), ("a", 2), ("b", 3)] {
                tasks.append(Task(executorPreference: loop) { try await one(scope, key) })
            }
            var answers: [String?] = []
            for task in tasks { answers.append(try await task.value) }
            return (answers, asked.batches, reads.count)
        }
        #expect(answers == ["a1", "b1", "a2", "b3"])
        #expect(batches.sorted { $0[1] < $1[1] } == [[1, 2], [1, 3]])
        #expect(left == 0)
    }
}
