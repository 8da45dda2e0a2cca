import FoundationEssentials
import Glibc
import Loop
import Postgres
import Testing

/// What a pool meets in a bad hour. Isolation must hold in all of it; answers may fail, but never be another's.
@Suite struct FaultTests {
    @Test func `one session, fifty scopes, cancellations and kills: nobody sees a foreign row`() async throws {
        var options = try Database.options()
        options.applicationName = "faults"
        let outcome = try await withPools(options: options, reads: 1) { pools in
            let scopes = (0..<50).map { _ in UUID() }
            for scope in scopes {
                try await pools.writes.write(scope: scope, retries: 20) { transaction in
                    transaction.enqueue(
                        "insert into notes (tenant_id, id, text) values (\(scope), \(UUID()), \(scope.uuidString))")
                }
            }
            return try await withThrowingTaskGroup(of: (answered: Int, foreign: Int).self) { group in
                let admin = try AdminSession(url: try Database.cluster.superuserURL)
                for worker in 0..<20 {
                    group.addTask {
                        var (answered, foreign) = (0, 0)
                        for request in 0..<150 {
                            let scope = scopes[(worker * 7 + request * 13) % scopes.count]
                            let statements: [SQL] = [
                                "select pg_sleep(\(Int64(request % 3)) * 0.0005)", "select text from notes",
                                "select count(*) from notes",
                            ]
                            guard let rows = try? await pools.reads.read(scope: scope, statements) else { continue }
                            answered += 1
                            let texts = try rows[1].map { try $0.get(0, as: String.self) }
                            let count = try rows[2][0].get(0, as: Int64.self)
                            if texts != [scope.uuidString] || count != 1 { foreign += 1 }
                        }
                        return (answered, foreign)
                    }
                }
                for round in 0..<40 {
                    try await pools.loop.sleep(for: .milliseconds(20))
                    let function = round % 4 == 0 ? "pg_terminate_backend" : "pg_cancel_backend"
                    _ = try admin.query(
                        "select \(unsafeSQL: function)(pid) from pg_stat_activity where application_name = 'faults'")
                }
                return try await group.reduce((0, 0)) { ($0.0 + $1.answered, $0.1 + $1.foreign) }
            }
        }
        #expect(outcome.1 == 0)
        #expect(outcome.0 > 500)
    }

    @Test func `a server that hangs is given up, and another session answers`() async throws {
        var options = try Database.options(timeout: .milliseconds(100))
        options.patience = .milliseconds(300)
        try await withPools(options: options, reads: 1) { pools in
            let process = try await pools.reads.read(scope: nil, "select pg_backend_pid()")[0].get(0, as: Int32.self)
            // The process is alive and will never answer.
            kill(process, SIGSTOP)
            let rows = try await pools.reads.read(scope: nil, "select pg_backend_pid()")
            #expect(try rows[0].get(0, as: Int32.self) != process)
            #expect(pools.reads.counters.reconnects == 1)
            kill(process, SIGCONT)
        }
    }

    @Test func `a value larger than the socket's buffer goes out while others are answered`() async throws {
        try await withPools(reads: 1) { pools in
            let large = [UInt8](repeating: 7, count: 24 << 20)
            let lengths = try await withThrowingTaskGroup(of: Int64.self) { group in
                for number in 0..<40 {
                    let value = number == 3 ? large : [UInt8](repeating: 1, count: number)
                    group.addTask {
                        let rows = try await pools.reads.read(scope: nil, "select length(\(value))::int8")
                        return try rows[0].get(0)
                    }
                }
                return try await group.reduce(into: Set<Int64>()) { $0.insert($1) }
            }
            #expect(lengths.count == 40)
            #expect(lengths.contains(Int64(large.count)))
        }
    }

    @Test func `large answers of many units in one pipeline arrive whole`() async throws {
        try await withPools(reads: 1) { pools in
            let lengths = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<60 {
                    group.addTask {
                        let rows = try await pools.reads.read(scope: nil, "select repeat('x', 500000 + \(Int32(number)))")
                        return try rows[0].get(0, as: String.self).utf8.count
                    }
                }
                return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
            }
            #expect(lengths == Set((0..<60).map { 500_000 + $0 }))
        }
    }

    @Test func `more values than the protocol can count are refused here`() async throws {
        try await withPools(reads: 1) { pools in
            let list = (0...65_535).map { n -> SQL in "\(n)" }.joined(separator: ",")
            let error = await #expect(throws: PostgresError.self) { try await pools.reads.read(scope: nil, "select \(list)") }
            #expect(error?.kind == .misuse)
            let rows = try await pools.reads.read(scope: nil, "select 1")
            #expect(rows.count == 1)
        }
    }

    @Test func `a closed pool refuses at once`() async throws {
        let options = try Database.options()
        try await withPools(options: options) { pools in
            let reads = ReadPool(loop: pools.loop, options: options)
            reads.start()
            let waiting = Task(executorPreference: pools.loop) { try await reads.read(scope: nil, "select pg_sleep(5)") }
            try await pools.loop.sleep(for: .milliseconds(50))
            reads.close()
            let error = await #expect(throws: PostgresError.self) { try await waiting.value }
            #expect(error?.kind == .unavailable)
            let late = await #expect(throws: PostgresError.self) { try await reads.read(scope: nil, "select 1") }
            #expect(late?.kind == .unavailable)
        }
    }
}
