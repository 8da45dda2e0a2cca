import FoundationEssentials
import Loop
import Postgres
import Testing

@Suite struct ReadPoolTests {
    @Test func `the rows of each statement come back in order`() async throws {
        try await withPools { pools in
            let rows = try await pools.reads.read(
                scope: nil, ["select 1 as a, 'x' as b", "select n from generate_series(1, 3) n"])
            #expect(rows.count == 2)
            #expect(try rows[0][0].get("a", as: Int32.self) == 1)
            #expect(try rows[0][0].get("b", as: String.self) == "x")
            #expect(try rows[1].map { try $0.get(0, as: Int64.self) } == [1, 2, 3])
            #expect(rows[1].affected == 3)
        }
    }

    @Test func `a read cannot write`() async throws {
        try await withPools { pools in
            let error = await #expect(throws: PostgresError.self) {
                try await pools.reads.read(scope: nil, "insert into counters values (999, 1)")
            }
            #expect(error?.sqlState == "25006")
        }
    }

    @Test func `five hundred units share two sessions and a failing one harms no neighbour`() async throws {
        try await withPools { pools in
            let outcomes = await withTaskGroup(of: (Int, Result<Int64, any Error>).self) { group in
                for number in 0..<500 {
                    group.addTask {
                        do {
                            let statement: SQL = number % 5 == 0 ? "select 1 / \(0)" : "select \(number) + 0"
                            let rows = try await pools.reads.read(scope: UUID(), ["select 1", statement, "select 2"])
                            return (number, .success(try rows[1][0].get(0)))
                        } catch {
                            return (number, .failure(error))
                        }
                    }
                }
                var outcomes: [(Int, Result<Int64, any Error>)] = []
                for await outcome in group { outcomes.append(outcome) }
                return outcomes
            }
            #expect(outcomes.count == 500)
            for (number, outcome) in outcomes {
                switch outcome {
                case .success(let value):
                    #expect(number % 5 != 0)
                    #expect(value == Int64(number))
                case .failure(let error):
                    #expect(number % 5 == 0)
                    #expect((error as? PostgresError)?.sqlState == "22012")
                }
            }
            // No block was left open: the next unit begins one without a warning and sees no scope.
            let scope = try await pools.reads.read(scope: nil, "select coalesce(current_setting('app.tenant_id', true), '')")
            #expect(try scope[0].get(0, as: String.self) == "")
            #expect(pools.reads.counters.open == 2)
            #expect(pools.reads.counters.inUse == 0)
        }
    }

    @Test func `a statement that cannot be prepared fails with its own error, also for those behind it`() async throws {
        try await withPools(reads: 1) { pools in
            let states = await withTaskGroup(of: String?.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        do {
                            _ = try await pools.reads.read(scope: nil, "select no_such_column from notes")
                            return nil
                        } catch { return (error as? PostgresError)?.sqlState }
                    }
                }
                return await group.reduce(into: [String?]()) { $0.append($1) }
            }
            #expect(states == Array(repeating: "42703", count: 20))
            let after = try await pools.reads.read(scope: nil, "select 1")
            #expect(after.count == 1)
        }
    }

    @Test func `a hundred interleaved scopes each see only their own rows`() async throws {
        try await withPools { pools in
            let scopes = (0..<100).map { _ in UUID() }
            for scope in scopes {
                try await pools.writes.write(scope: scope) { transaction in
                    for number in 0..<3 {
                        transaction.enqueue(
                            "insert into notes (tenant_id, id, text) values (\(scope), \(UUID()), \("\(scope) \(number)"))")
                    }
                }
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for round in 0..<10 {
                    for (index, scope) in scopes.enumerated() {
                        group.addTask {
                            if (round + index) % 7 == 0 {
                                _ = try? await pools.reads.read(scope: scope, "select 1 / 0")
                            }
                            let rows = try await pools.reads.read(scope: scope, "select tenant_id, text from notes")
                            #expect(rows.count == 3)
                            for row in rows {
                                #expect(try row.get(0, as: UUID.self) == scope)
                                #expect(try row.get(1, as: String.self).hasPrefix(scope.uuidString))
                            }
                        }
                    }
                }
                for _ in 0..<50 {
                    group.addTask {
                        let rows = try await pools.reads.read(scope: nil, "select tenant_id from notes")
                        #expect(rows.isEmpty)
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `a slow statement is cancelled by the unit's timeout and the session goes on`() async throws {
        try await withPools(reads: 1) { pools in
            let error = await #expect(throws: PostgresError.self) {
                try await pools.reads.read(scope: nil, "select pg_sleep(20)", timeout: .milliseconds(50))
            }
            #expect(error?.isCancelled == true)
            let rows = try await pools.reads.read(scope: nil, "select current_setting('statement_timeout')")
            #expect(try rows[0].get(0, as: String.self) == "10s")
        }
    }

    @Test func `a unit is repeated once when its session is terminated`() async throws {
        try await withPools(reads: 1) { pools in
            let process = try await pools.reads.read(scope: nil, "select pg_backend_pid()")[0].get(0, as: Int32.self)
            async let slow = pools.reads.read(
                scope: nil, "select case when pg_backend_pid() = \(process) then pg_sleep(20) end, pg_backend_pid()",
                timeout: .seconds(60))
            let admin = try AdminSession(url: try Database.cluster.superuserURL)
            // Not before it sleeps: a session that dies idle costs no repetition.
            while try admin.query("select from pg_stat_activity where pid = \(process) and wait_event = 'PgSleep'").isEmpty {
                try await pools.loop.sleep(for: .milliseconds(10))
            }
            _ = try admin.query("select pg_terminate_backend(\(process))")
            #expect(try await slow[0].get(1, as: Int32.self) != process)
            #expect(pools.reads.counters.retries == 1)
            #expect(pools.reads.counters.lost == 1)
        }
    }

    @Test func `a changed table costs a new session, not an error`() async throws {
        let owner = try AdminSession(url: try Database.cluster.ownerURL)
        try owner.run("create table changing (a int); insert into changing values (1); grant select on changing to bursar_app")
        try await withPools(reads: 1) { pools in
            let before = try await pools.reads.read(scope: nil, "select * from changing")
            #expect(before[0].count == 1)
            let owner = try AdminSession(url: try Database.cluster.ownerURL)
            try owner.run("alter table changing add column b int")
            let after = try await pools.reads.read(scope: nil, "select * from changing")
            #expect(after[0].count == 2)
        }
    }

    @Test func `more statements than a session keeps are still answered`() async throws {
        var options = try Database.options()
        options.statementCapacity = 16
        try await withPools(options: options, reads: 1) { pools in
            for number in 0..<100 {
                let statement: SQL = "select \(unsafeSQL: "\(number)") + \(1)"
                let rows = try await pools.reads.read(scope: nil, statement)
                #expect(try rows[0].get(0, as: Int64.self) == Int64(number + 1))
            }
            let kept = try await pools.reads.read(scope: nil, "select count(*) from pg_prepared_statements")
            #expect(try kept[0].get(0, as: Int64.self) <= 25)
        }
    }

    @Test func `the same text with other types of values is answered`() async throws {
        try await withPools(reads: 1) { pools in
            func ask(_ statement: SQL) async throws -> String { try await pools.reads.read(scope: nil, statement)[0].get(0) }
            let types = [
                try await ask("select pg_typeof(\(1 as Int64))::text"), try await ask("select pg_typeof(\("x"))::text"),
                try await ask("select pg_typeof(\(1 as Int64))::text"),
            ]
            #expect(types == ["bigint", "text", "bigint"])
        }
    }

    @Test func `a template is prepared once, whether it came as a template or as text before`() async throws {
        let template = StatementTemplate("select \("" as String?) || \([0 as Int64])::text || \(UUID())::text")
        let id = UUID()
        try await withPools(reads: 1) { pools in
            for number in 0..<3 {
                let text: SQL = "select \("a" as String?) || \([Int64(number)])::text || \(id)::text"
                for statement in [text, template("a", [Int64(number)], id)] {
                    let rows = try await pools.reads.read(scope: nil, statement)
                    #expect(try rows[0].get(0, as: String.self) == "a{\(number)}\(id.uuidString.lowercased())")
                }
            }
            let absent = try await pools.reads.read(scope: nil, template(nil as String?, [1, 2, 3], id))
            #expect(try absent[0].get(0, as: String?.self) == nil)
            let kept = try await pools.reads.read(
                scope: nil, "select count(*) from pg_prepared_statements where statement like '%::text || $3::text'")
            #expect(try kept[0].get(0, as: Int64.self) == 1)
        }
    }

    @Test func `a template stays right when its session forgets it, and when it becomes part of another statement`() async throws
    {
        let template = StatementTemplate("select \(0 as Int64) + \(0 as Int64)")
        var options = try Database.options()
        options.statementCapacity = 4
        try await withPools(options: options, reads: 1) { pools in
            for number in 0..<40 {
                let other: SQL = "select \(unsafeSQL: "\(number)") + \(1 as Int64)"
                let nested: SQL = "\(template(Int64(number), 1)) + \(5 as Int64)"
                let rows = try await pools.reads.read(scope: nil, [other, template(Int64(number), 100), nested])
                #expect(
                    try rows.map { try $0[0].get(0, as: Int64.self) } == [
                        Int64(number) + 1, Int64(number) + 100, Int64(number) + 6,
                    ])
            }
        }
    }

    @Test func `without a server a unit is refused in time`() async throws {
        let options = ConnectionOptions(url: "host=/tmp/no-such-socket-folder")
        try await withPools(options: options, waitLimit: .milliseconds(200)) { pools in
            let error = await #expect(throws: PostgresError.self) { try await pools.reads.read(scope: nil, "select 1") }
            #expect(error?.kind == .unavailable)
            #expect(pools.reads.counters.refused == 1)
        }
    }
}
