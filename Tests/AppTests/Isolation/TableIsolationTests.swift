import FoundationEssentials
import Postgres
import TestSupport
import Testing
import Values

/// For every table of the catalogue, the app role inside no tenant or inside another one sees nothing and changes nothing, whatever the program does.
@Suite struct `Another tenant's rows in the database` {
    @Test func `cannot be seen, made, changed, removed or taken over`() async throws {
        let theirs = try await World.make(.shared)
        let mine = try await World.make(.shared)
        let database = theirs.tenant.bursar.database
        let superuser = try database.superuser()
        let session = try AdminSession(url: database.appURL)
        let before = try theirs.tenant.fingerprint()
        let tables = try database.tenantTables().map(\.name).filter { $0.hasPrefix("public.") }
        #expect(tables.count >= 20)
        for table in tables {
            let row = try superuser.query(
                "select to_jsonb(t)::text from \(unsafeSQL: table) t where tenant_id = \(theirs.tenant.id.uuid) limit 1")
            guard !row.isEmpty else {
                Issue.record("the world has no row in \(table)")
                continue
            }
            let text: String = try row[0].get(0)
            let columns = try superuser.query(
                """
                select column_name::text from information_schema.role_column_grants where grantee = 'bursar_app' and privilege_type = 'UPDATE' \
                and table_schema || '.' || table_name = \(table)
                """
            ).map { try $0.get(0, as: String.self) }
            // What the database writes by itself cannot be written by anybody.
            let written = try superuser.query(
                """
                select column_name::text from information_schema.columns where is_generated = 'NEVER' \
                and table_schema || '.' || table_name = \(table)
                """
            ).map { try $0.get(0, as: String.self) }.joined(separator: ", ")
            for scope in [nil, "", mine.tenant.id.uuid.uuidString] {
                let attempts: [(String, SQL)] =
                    [
                        ("select", "select 1 from \(unsafeSQL: table) where tenant_id = \(theirs.tenant.id.uuid)"),
                        (
                            "insert",
                            "insert into \(unsafeSQL: table) (\(unsafeSQL: written)) select \(unsafeSQL: written) from jsonb_populate_record(null::\(unsafeSQL: table), \(PostgresJSON(text)))"
                        ),
                        ("delete", "delete from \(unsafeSQL: table) where tenant_id = \(theirs.tenant.id.uuid)"),
                        (
                            "take over",
                            "update \(unsafeSQL: table) set tenant_id = \(mine.tenant.id.uuid) where tenant_id = \(theirs.tenant.id.uuid)"
                        ),
                        ("give away", "update \(unsafeSQL: table) set tenant_id = \(theirs.tenant.id.uuid)"),
                    ]
                    + columns.map {
                        (
                            "update \($0)",
                            "update \(unsafeSQL: table) set \(unsafeSQL: $0) = \(unsafeSQL: $0) where tenant_id = \(theirs.tenant.id.uuid)"
                        )
                    }
                for (name, statement) in attempts {
                    let outcome = try attempt(statement, in: scope, session)
                    // Nothing is inserted and nothing given away by chance: those two must be refused outright.
                    let isFine = outcome == .refused || outcome == .rows(0) && name != "insert" && name != "give away"
                    #expect(isFine, "\(name) \(table) in scope \(scope ?? "none"): \(outcome)")
                }
            }
        }
        #expect(try theirs.tenant.fingerprint().differences(from: before) == [])
    }

    @Test func `are all the same to each tenant: it sees its own`() async throws {
        let mine = try await World.make(.shared)
        let database = mine.tenant.bursar.database
        let session = try AdminSession(url: database.appURL)
        for table in try database.tenantTables().map(\.name) where table.hasPrefix("public.") {
            let outcome = try attempt("select 1 from \(unsafeSQL: table)", in: mine.tenant.id.uuid.uuidString, session)
            guard case .rows(let count) = outcome else { throw TestFault("\(table): \(outcome)") }
            #expect(count > 0, "\(table)")
            #expect(Int64(count) == (try all(of: table, mine.tenant.id, database)), "\(table)")
        }
    }

    private enum Outcome: Equatable { case rows(Int), refused }

    private func all(of table: String, _ tenant: TenantID, _ database: TestDatabase) throws -> Int64 {
        try database.superuser().query("select count(*) from \(unsafeSQL: table) where tenant_id = \(tenant.uuid)")[0].get(0)
    }

    /// One statement as the app role, rolled back. Refused: by row security or for want of a right.
    private func attempt(_ statement: SQL, in scope: String?, _ session: AdminSession) throws -> Outcome {
        try session.run("begin")
        if let scope { try session.run("set local app.tenant_id = '\(scope)'") }
        defer { try? session.run("rollback") }
        do throws(PostgresError) {
            return .rows(try session.query(statement).affected)
        } catch {
            guard error.sqlState == "42501" else { throw error }
            return .refused
        }
    }
}
