import FoundationEssentials
import Loop
import Postgres
import Synchronization
import Testing

private struct Refusal: Error {}
private final class Readers: Sendable { let count = Atomic(0) }

@Suite struct WritePoolTests {
    @Test func `what the body writes is committed`() async throws {
        try await withPools { pools in
            let (scope, id) = (UUID(), UUID())
            let state = try await pools.writes.write(scope: scope) { transaction in
                transaction.enqueue("insert into notes (tenant_id, id, text) values (\(scope), \(id), 'a')")
                let rows = try await transaction.query("select text from notes where tenant_id = \(scope) and id = \(id)")
                transaction.enqueue("update notes set text = 'b' where tenant_id = \(scope) and id = \(id)")
                return try rows[0].get(0, as: String.self)
            }
            #expect(state == "a")
            let rows = try await pools.reads.read(scope: scope, "select text from notes")
            #expect(try rows.map { try $0.get(0, as: String.self) } == ["b"])
        }
    }

    @Test func `a body that throws leaves nothing`() async throws {
        try await withPools { pools in
            let scope = UUID()
            await #expect(throws: Refusal.self) {
                try await pools.writes.write(scope: scope) { transaction in
                    _ = try await transaction.query("insert into notes (tenant_id, id, text) values (\(scope), \(UUID()), 'a')")
                    throw Refusal()
                }
            }
            let left = try await pools.reads.read(scope: scope, "select 1 from notes")
            #expect(left.isEmpty)
        }
    }

    @Test func `an enqueued statement that fails undoes all and is the error`() async throws {
        try await withPools { pools in
            let (scope, id) = (UUID(), UUID())
            let error = await #expect(throws: PostgresError.self) {
                try await pools.writes.write(scope: scope) { transaction in
                    transaction.enqueue("insert into notes (tenant_id, id, text) values (\(scope), \(id), 'a')")
                    transaction.enqueue("insert into notes (tenant_id, id, text) values (\(scope), \(id), 'b')")
                }
            }
            #expect(error?.isUniqueViolation("notes_pkey") == true)
            #expect(error?.isUniqueViolation("another") == false)
            #expect(error?.table == "notes")
            #expect(error?.phase == .body)
            #expect(error.map { "\($0)".contains(scope.uuidString) } == false)
            let left = try await pools.reads.read(scope: scope, "select 1 from notes")
            #expect(left.isEmpty)
        }
    }

    @Test func `a deferred constraint fails the commit under its own name`() async throws {
        try await withPools { pools in
            let error = await #expect(throws: PostgresError.self) {
                try await pools.writes.write(scope: nil) { transaction in
                    transaction.enqueue("insert into children values (1, 123456)")
                }
            }
            #expect(error?.isForeignKeyViolation("children_counter") == true)
            #expect(error?.phase == .commit)
        }
    }

    @Test func `another scope's row cannot be written`() async throws {
        try await withPools { pools in
            let error = await #expect(throws: PostgresError.self) {
                try await pools.writes.write(scope: UUID()) { transaction in
                    transaction.enqueue("insert into notes (tenant_id, id, text) values (\(UUID()), \(UUID()), 'a')")
                }
            }
            #expect(error?.sqlState == "42501")
        }
    }

    @Test func `a swallowed error is not committed`() async throws {
        try await withPools { pools in
            let scope = UUID()
            let error = await #expect(throws: PostgresError.self) {
                try await pools.writes.write(scope: scope) { transaction in
                    transaction.enqueue("insert into notes (tenant_id, id, text) values (\(scope), \(UUID()), 'a')")
                    _ = try? await transaction.query("select 1 / 0")
                }
            }
            #expect(error?.sqlState == "22012")
            let left = try await pools.reads.read(scope: scope, "select 1 from notes")
            #expect(left.isEmpty)
        }
    }

    @Test func `a dry run returns its value, checks deferred constraints and leaves nothing`() async throws {
        try await withPools { pools in
            let scope = UUID()
            let count = try await pools.writes.write(scope: scope) { transaction in
                transaction.rollbackOnly()
                transaction.enqueue("insert into notes (tenant_id, id, text) values (\(scope), \(UUID()), 'a')")
                return try await transaction.query("select 1 from notes").count
            }
            #expect(count == 1)
            let left = try await pools.reads.read(scope: scope, "select 1 from notes")
            #expect(left.isEmpty)
            let error = await #expect(throws: PostgresError.self) {
                try await pools.writes.write(scope: nil) { transaction in
                    transaction.rollbackOnly()
                    transaction.enqueue("insert into children values (1, 123456)")
                }
            }
            #expect(error?.isForeignKeyViolation("children_counter") == true)
        }
    }

    @Test func `a body that asks nothing sends nothing`() async throws {
        try await withPools { pools in
            let seven = try await pools.writes.write(scope: UUID()) { _ in 7 }
            #expect(seven == 7)
            #expect(pools.writes.counters.units == 1)
        }
    }

    @Test func `a serialization failure runs the body again`() async throws {
        try await withPools { pools in
            // Both have read before either writes, however busy the machine is.
            let readers = Readers()
            let results = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        var attempts = 0
                        try await pools.writes.write(
                            scope: nil, retries: 5, settings: ["set transaction isolation level serializable"]
                        ) { transaction in
                            attempts += 1
                            let sum = try await transaction.query("select sum(value)::int8 from counters where id in (1, 2)")
                            if attempts == 1 { readers.count.add(1, ordering: .relaxed) }
                            while readers.count.load(ordering: .relaxed) < 2 { try await pools.loop.sleep(for: .milliseconds(2)) }
                            let total = try sum[0].get(0, as: Int64.self)
                            _ = try await transaction.query(
                                "update counters set value = \(total + 1) where id = \(Int64(1 + attempts % 2))")
                        }
                        return attempts
                    }
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(results.reduce(0, +) >= 3)
            #expect(pools.writes.counters.retries >= 1)
        }
    }

    @Test func `a deadlock ends with both done`() async throws {
        try await withPools { pools in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for order in [[3, 4], [4, 3]] as [[Int64]] {
                    group.addTask {
                        try await pools.writes.write(scope: nil) { transaction in
                            _ = try await transaction.query("update counters set value = value + 1 where id = \(order[0])")
                            try await pools.loop.sleep(for: .milliseconds(50))
                            _ = try await transaction.query("update counters set value = value + 1 where id = \(order[1])")
                        }
                    }
                }
                try await group.waitForAll()
            }
            let rows = try await pools.reads.read(scope: nil, "select value from counters where id in (3, 4)")
            #expect(try rows.map { try $0.get(0, as: Int64.self) } == [2, 2])
        }
    }

    @Test func `timeouts are the transaction's own`() async throws {
        try await withPools { pools in
            let slow = await #expect(throws: PostgresError.self) {
                try await pools.writes.write(scope: nil, timeout: .milliseconds(50)) { transaction in
                    _ = try await transaction.query("select pg_sleep(20)")
                }
            }
            #expect(slow?.isCancelled == true)
            let blocked = try await pools.writes.write(scope: nil) { transaction in
                _ = try await transaction.query("update counters set value = 0 where id = 5")
                return await #expect(throws: PostgresError.self) {
                    try await pools.writes.write(scope: nil, lockTimeout: .milliseconds(50)) { other in
                        _ = try await other.query("update counters set value = 1 where id = 5")
                    }
                }
            }
            #expect(blocked?.isLockTimeout == true)
        }
    }

    @Test func `a session terminated in mid-body costs a repetition`() async throws {
        try await withPools { pools in
            var attempts = 0
            try await pools.writes.write(scope: nil) { transaction in
                attempts += 1
                let process = try await transaction.query("select pg_backend_pid()")[0].get(0, as: Int32.self)
                if attempts == 1 {
                    let admin = try AdminSession(url: try Database.cluster.superuserURL)
                    _ = try admin.query("select pg_terminate_backend(\(process))")
                }
                _ = try await transaction.query("update counters set value = value + 1 where id = 6")
            }
            #expect(attempts == 2)
            let rows = try await pools.reads.read(scope: nil, "select value from counters where id = 6")
            #expect(try rows[0].get(0, as: Int64.self) == 1)
        }
    }

    @Test(arguments: [false, true])
    func `a session lost during commit leaves the outcome open, unless the body can be repeated`(isRepeatable: Bool) async throws
    {
        try await withPools { pools in
            var attempts = 0
            func run() async throws {
                try await pools.writes.write(scope: nil, repeatable: isRepeatable) { transaction in
                    attempts += 1
                    // A deferred trigger ends the session while it commits.
                    if attempts == 1 { transaction.enqueue("insert into fatal_at_commit values (1)") }
                    transaction.enqueue("update counters set value = value + 1 where id = 7")
                }
            }
            if isRepeatable {
                try await run()
                #expect(attempts == 2)
            } else {
                let error = await #expect(throws: PostgresError.self) { try await run() }
                #expect(error?.kind == .commitOutcomeUnknown)
                #expect(attempts == 1)
            }
        }
    }

    @Test func `a session that ends before its commit has committed nothing, and the body runs again`() async throws {
        try await withPools { pools in
            var attempts = 0
            try await pools.writes.write(scope: nil) { transaction in
                attempts += 1
                if attempts == 1 { transaction.enqueue("select pg_terminate_backend(pg_backend_pid())") }
                transaction.enqueue("update counters set value = value + 1 where id = 9")
            }
            let rows = try await pools.reads.read(scope: nil, "select value from counters where id = 9")
            #expect(try rows[0].get(0, as: Int64.self) == 1)
            #expect(attempts == 2)
        }
    }

    @Test func `who waits too long for a session is refused`() async throws {
        try await withPools(writes: 1, waitLimit: .seconds(4)) { pools in
            let error = try await pools.writes.write(scope: nil) { transaction in
                _ = try await transaction.query("select 1")
                return await #expect(throws: PostgresError.self) {
                    try await pools.writes.write(scope: nil) { other in _ = try await other.query("select 1") }
                }
            }
            #expect(error?.kind == .unavailable)
        }
    }

    @Test func `sessions are handed out in the order of asking, and never more than allowed`() async throws {
        try await withPools(writes: 3) { pools in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<60 {
                    group.addTask {
                        try await pools.writes.write(scope: nil) { transaction in
                            _ = try await transaction.query("update counters set value = value + 1 where id = 8")
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(pools.writes.counters.open <= 3)
            #expect(pools.writes.counters.inUse == 0)
            let rows = try await pools.reads.read(scope: nil, "select value from counters where id = 8")
            #expect(try rows[0].get(0, as: Int64.self) == 60)
        }
    }
}
